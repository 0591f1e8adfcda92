/** @jsxImportSource smithers-orchestrator */
import { createSmithers, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs } = createSmithers({
  input: z.object({ to: z.email(), times: z.number().int().positive().default(3) }),
  result: z.object({ value: z.any() }),
});

export default smithers((ctx) => (
  <Workflow name="conformance-typed">
    <Task id="send" output={outputs.result}>
      {{ value: ctx.input }}
    </Task>
  </Workflow>
));
