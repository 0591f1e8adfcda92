/** @jsxImportSource smithers-orchestrator */
import { createSmithers, runWorkflow, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs } = createSmithers({ step: z.object({ n: z.number() }) });
const steps = Array.from({ length: 200 }, (_, n) => n);

const sequence = smithers(() => (
  <Workflow name="sequence">
    {steps.map((n) => (
      <Task key={n} id={`step${n}`} output={outputs.step}>
        {async () => ({ n })}
      </Task>
    ))}
  </Workflow>
));

/** Milliseconds per step of a sequence of 200 compute tasks, the best of three runs after one to warm up. */
export async function stepCost(db: string, synchronous: "full" | "normal"): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < 4; round++) {
    const start = performance.now();
    const { status } = await runWorkflow(sequence, { db, synchronous });
    if (status !== "finished") throw new Error(`The sequence ended ${status}.`);
    rounds.push((performance.now() - start) / steps.length);
  }
  return Math.min(...rounds.slice(1));
}
