/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, Sequence, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { Engine, settled } from "../../src/engine/index.ts";
import { openStore } from "../../src/store/index.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { database } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({ result: z.object({ value: z.number() }) });

/** An engine on a database of its own, and how many transactions its store has committed. */
async function countingEngine() {
  const store = await openStore(database());
  const counted = { transactions: 0 };
  store.observe({
    committed() {
      counted.transactions += 1;
    },
    busy() {},
    failed() {},
    logHeld() {},
    recovered() {},
  });
  const resolveWorkflow = () => Promise.reject(new Error("No run is continued here."));
  const engine = new Engine({ store, rootDir: "/", allowNetwork: false, scope: "own", resolveWorkflow });
  afterThisTest(async () => {
    await engine.close();
    await store.close();
  });
  return { engine, counted };
}

const oneAfterAnother = (count: number) =>
  smithers(() => (
    <Workflow name="test">
      <Sequence>
        {Array.from({ length: count }, (_, n) => `t${n}`).map((id) => (
          <Task key={id} id={id} output={outputs.result}>
            {() => ({ value: 1 })}
          </Task>
        ))}
      </Sequence>
    </Workflow>
  ));

// What a run costs is what its transactions cost: each waits for the disk.
test.each([
  [1, 2],
  [2, 3],
  [5, 6],
])("a run of %d tasks, one after another, takes %d transactions", async (tasks, transactions) => {
  const { engine, counted } = await countingEngine();
  const workflow = oneAfterAnother(tasks);
  const runOnce = async () => {
    const before = counted.transactions;
    const runId = await engine.start({ workflow, workflowName: "test", input: {} });
    expect((await settled(engine, runId)).status).toBe("finished");
    return counted.transactions - before;
  };
  // The first run also records its output schemas.
  await runOnce();
  expect(await runOnce()).toBe(transactions);
});
