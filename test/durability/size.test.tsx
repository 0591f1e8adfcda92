/** @jsxImportSource smithers-orchestrator */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { createSmithers, Loop, runWorkflow, Task, Workflow, type WorkflowDefinition } from "smithers-orchestrator";
import { z } from "zod";
import { openStore } from "../../src/store/index.ts";
import { database } from "../support/run.ts";

const { smithers, outputs } = createSmithers({ result: z.object({ value: z.number() }) });

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n + 1);

const steps = smithers(() => (
  <Workflow name="steps">
    {numbers(1_000).map((n) => (
      <Task key={n} id={`step-${n}`} output={outputs.result}>
        {async () => ({ value: n })}
      </Task>
    ))}
  </Workflow>
));
const growing = smithers((ctx) => (
  <Workflow name="growing">
    {numbers(Math.min(ctx.outputs.result.length + 1, 300)).map((n) => (
      <Task key={n} id={`step-${n}`} output={outputs.result}>
        {async () => ({ value: n })}
      </Task>
    ))}
  </Workflow>
));
const rounds = smithers((ctx) => (
  <Workflow name="rounds">
    <Loop id="rounds" until={(ctx.latest(outputs.result, "round")?.value ?? 0) >= 99} maxIterations={200}>
      <Task id="round" output={outputs.result}>
        {async () => ({ value: ctx.iteration })}
      </Task>
    </Loop>
  </Workflow>
));

/** What a run adds to a database. */
async function measure(workflow: WorkflowDefinition) {
  const db = database();
  await (await openStore(db)).close();
  const empty = bytesOf(db);
  const { status } = await runWorkflow(workflow, { db, synchronous: "normal" });
  return { status, bytes: bytesOf(db) - empty };
}

function bytesOf(path: string): number {
  const file = new Database(path);
  file.run("PRAGMA wal_checkpoint(TRUNCATE)");
  const { page_count } = file.query("PRAGMA page_count").get() as { page_count: number };
  const { page_size } = file.query("PRAGMA page_size").get() as { page_size: number };
  file.close();
  return page_count * page_size;
}

/** The figures of docs/reliability.md, with some room. */
const bounds: [string, WorkflowDefinition, number, number][] = [
  ["a step of a run of 1,000", steps, 1_000, 1_600],
  ["a step of a run that grows by one task a frame", growing, 300, 3_400],
  ["an iteration of a loop of 100", rounds, 100, 2_300],
];

test.each(bounds)("%s leaves little in the database", async (_, workflow, count, most) => {
  const { status, bytes } = await measure(workflow);

  expect(status).toBe("finished");
  expect(bytes / count).toBeLessThan(most);
});
