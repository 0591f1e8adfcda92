import { expect, test } from "bun:test";
import { copyRun } from "../support/copied-runs.ts";
import { databaseOf } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { folder, write } from "../support/folder.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { inStore } from "../support/run.ts";
import { workflowFile } from "../support/workflows.ts";

const timer = workflowFile(
  `<Timer id="tm" duration={ctx.input.duration} /><Task id="t" output={outputs.result}>{{ value: 1 }}</Task>`,
);
const ask = workflowFile(`<Approval id="ok" output={outputs.decision} request={{ title: "?" }} />`, {
  schemas: "decision: approvalDecisionSchema",
});
const hangs = (file: string) => file.replace("\n", "\nawait new Promise(() => {});\n");

test("files that hang while they are imported delay neither a timer nor another process's decision", async () => {
  const files = ["h1.tsx", "h2.tsx", "h3.tsx"];
  const root = folder({ "timer.tsx": timer, "ask.tsx": ask });
  for (const file of files) write(root, { [file]: timer, [`a${file}`]: ask });
  const server = await ServerProcess.start(root);
  const asked: string[] = [];
  for (const file of files) {
    await server.start(file, { duration: "1s" });
    asked.push(await server.start(`a${file}`));
  }
  const decided = await server.start("ask.tsx");
  for (const runId of [...asked, decided]) {
    await server.until(runId, (event) => event.type === "RunStatusChanged");
  }
  for (const file of files) write(root, { [file]: hangs(timer), [`a${file}`]: hangs(ask) });
  const timed = await server.start("timer.tsx", { duration: "1500ms" });
  await inStore(databaseOf(root), async (store) => {
    for (const runId of [...asked, decided]) {
      await store.decide({ runId, nodeId: "ok", status: "granted", decidedBy: "elsewhere" }, Date.now());
    }
  });
  const began = performance.now();
  expect((await server.end(decided)).status).toBe("finished");
  expect((await server.end(timed)).status).toBe("finished");
  // An import that hangs is given up after ten seconds.
  expect(performance.now() - began).toBeLessThan(9_000);
});

test("three hundred timers that became due while no server ran delay a new one only a little, and all fire once", async () => {
  const root = folder({ "timer.tsx": timer });
  const first = await ServerProcess.start(root, withoutWorkers);
  const runId = await first.start("timer.tsx", { duration: "2s" });
  await first.until(runId, (event) => event.type === "RunStatusChanged");
  await first.kill();
  const many = 300;
  await copyRun(databaseOf(root), runId, many);
  await Bun.sleep(2_000);

  const second = await ServerProcess.start(root);
  const fresh = await second.start("timer.tsx", { duration: "200ms" });
  expect((await second.end(fresh)).status).toBe("finished");
  await inStore(databaseOf(root), async (store) => {
    const open = async () => Object.values((await store.readBacklog(0)).runs).reduce((sum, count) => sum + count, 0);
    // It came before others that were due earlier.
    expect(await open()).toBeGreaterThan(0);
    await eventually(async () => (await open()) === 0, { within: 60_000 });
    for (const id of [runId, `${runId}-1`, `${runId}-${many}`]) {
      const events = await store.eventsAfter(id, 0, 1_000);
      expect(events.filter(({ type }) => type === "TimerFired")).toHaveLength(1);
    }
  });
});
