/** @jsxImportSource smithers-orchestrator */
import { createSmithers, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs } = createSmithers({ result: z.object({ value: z.any() }) });

export default smithers((ctx) => (
  <Workflow name="conformance-echo">
    <Task id="say" label="Say it" output={outputs.result}>
      {() => ({ value: ctx.input.msg ?? null })}
    </Task>
    {ctx.outputMaybe(outputs.result, { nodeId: "say" }) && (
      <Task id="again" output={outputs.result}>
        {{ value: ctx.output(outputs.result, { nodeId: "say" }).value }}
      </Task>
    )}
  </Workflow>
));
