/** The workflow of a new project. */
export const helloWorkflow = `/** @jsxImportSource smithers-orchestrator */
import { approvalDecisionSchema, bash, createSmithers } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs, Workflow, Task, Approval } = createSmithers({
  input: z.object({ name: z.string().default("World") }),
  greeting: z.object({ text: z.string() }),
  decision: approvalDecisionSchema,
  sent: z.object({ at: z.string() }),
});

export default smithers((ctx) => (
  <Workflow name="hello">
    <Task id="greet" output={outputs.greeting}>
      {async () => ({ text: await bash\`echo Hello, \${ctx.input.name}!\` })}
    </Task>
    <Approval id="check" output={outputs.decision} request={{ title: "Send the greeting?" }} />
    <Task id="send" output={outputs.sent} deps={{ greeting: outputs.greeting }} needs={{ greeting: "greet" }}>
      {({ greeting }) => {
        console.log(greeting.text);
        return { at: new Date().toISOString() };
      }}
    </Task>
  </Workflow>
));
`;
