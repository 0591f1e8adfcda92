/** @jsxImportSource smithers-orchestrator */
import { bash, createSmithers, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs } = createSmithers({
  result: z.object({ stdout: z.string() }),
});

export default smithers((ctx) => (
  <Workflow name="echo">
    <Task id="run" output={outputs.result}>
      {async () => ({ stdout: await bash(`echo ${ctx.input.msg}`) })}
    </Task>
  </Workflow>
));
