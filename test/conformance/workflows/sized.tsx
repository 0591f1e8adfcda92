/** @jsxImportSource smithers-orchestrator */
import { createSmithers, Loop, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs } = createSmithers({
  input: z.object({ size: z.number() }),
  text: z.object({ text: z.string() }),
});

/** A node that fails once, one with an output of a given size, and one in a loop. */
export default smithers((ctx) => (
  <Workflow name="sized">
    <Task id="a/b" output={outputs.text} retries={1} retryPolicy={{ backoff: "fixed", initialDelayMs: 1 }}>
      {({ attempt }) => {
        if (attempt === 1) throw new Error("not yet");
        return { text: "x".repeat(ctx.input.size) };
      }}
    </Task>
    <Loop id="l" until={ctx.iterationCount("text", "c") === 3} maxIterations={3}>
      <Task id="c" output={outputs.text}>
        {{ text: String(ctx.iteration) }}
      </Task>
    </Loop>
  </Workflow>
));
