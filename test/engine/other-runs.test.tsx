/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, Timer, Workflow, type WorkflowDefinition } from "smithers-orchestrator";
import { z } from "zod";
import { Engine } from "../../src/engine/index.ts";
import { openStore } from "../../src/store/index.ts";
import { inStore, newDatabase, run } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({ result: z.object({ value: z.string() }) });

const afterTimers = (name: string, durations: string[]) =>
  smithers(() => (
    <Workflow name={name}>
      {durations.map((duration, index) => (
        <Timer key={duration} id={`timer-${index}`} duration={duration} />
      ))}
      <Task id="end" output={outputs.result}>
        {() => ({ value: name })}
      </Task>
    </Workflow>
  ));

/** Starts a run and leaves it as soon as it waits. */
async function park(db: string, workflow: WorkflowDefinition, runId: string): Promise<void> {
  const store = await openStore(db);
  const engine = new Engine({
    store,
    rootDir: "/",
    allowNetwork: false,
    scope: "own",
    resolveWorkflow: async () => ({ workflow }),
  });
  await engine.start({ workflow, workflowName: "left", input: {}, runId });
  await engine.released(runId);
  await engine.close();
  await store.close();
}

test("runWorkflow leaves the other runs of its database alone, also when their time has come", async () => {
  const db = newDatabase();
  await park(db, afterTimers("other", ["30ms"]), "other");
  const mine = await run(afterTimers("mine", ["50ms", "60ms"]), { db });
  expect(mine).toMatchObject({ status: "finished", output: { value: "mine" } });
  expect(await inStore(db, (store) => store.findRun("other"))).toMatchObject({
    status: "waiting-timer",
    workflowName: "other",
  });
});
