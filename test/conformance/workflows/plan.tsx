/** @jsxImportSource smithers-orchestrator */
import { createSmithers, Loop, Parallel, Task, Timer, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs } = createSmithers({ result: z.object({ value: z.number() }) });

/** Its nodes end in another order than that of the plan: the first one last. */
export default smithers((ctx) => (
  <Workflow name="conformance-plan">
    <Parallel>
      <Timer id="z" duration="20ms" />
      <Task id="a" output={outputs.result}>
        {{ value: 2 }}
      </Task>
    </Parallel>
    <Loop id="l" until={ctx.iterationCount("result", "m") >= 2}>
      <Task id="m" output={outputs.result}>
        {() => ({ value: 3 })}
      </Task>
    </Loop>
    <Task id="b" output={outputs.result} skipIf>
      {{ value: 4 }}
    </Task>
  </Workflow>
));
