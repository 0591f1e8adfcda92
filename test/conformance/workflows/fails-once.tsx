/** @jsxImportSource smithers-orchestrator */
import { createSmithers, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs } = createSmithers({ result: z.object({ value: z.number() }) });

const tried = new Map<string, number>();
const count = (key: string) => {
  const times = (tried.get(key) ?? 0) + 1;
  tried.set(key, times);
  return times;
};

/** The second task fails when a process runs it for the first time; the first tells how often it was run. */
export default smithers((ctx) => (
  <Workflow name="conformance-fails-once">
    <Task id="once" output={outputs.result}>
      {() => ({ value: count(`${ctx.runId} once`) })}
    </Task>
    <Task id="fails" output={outputs.result} noRetry>
      {async () => {
        if (count(`${ctx.runId} fails`) === 1) throw new Error("it broke");
        await new Promise((resolve) => setTimeout(resolve, 200));
        return { value: 2 };
      }}
    </Task>
    <Task id="after" output={outputs.result}>
      {{ value: 3 }}
    </Task>
  </Workflow>
));
