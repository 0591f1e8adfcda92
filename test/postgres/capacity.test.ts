import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LedgerLine, ledger, mostAtOnce } from "../support/attempt-ledger.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { postgresDatabase, testOnPostgres } from "../support/postgres.ts";
import { ServerProcess } from "../support/process.ts";
import { workflowFile } from "../support/workflows.ts";

/** Notes under a name of its server which attempts it has in flight. */
const file = workflowFile(`<Task id="t" output={outputs.result}>{(task) => work(task, ctx.input)}</Task>`, {
  head: `
const work = async ({ runId, nodeId, attempt }, { gate, ms = 50 }) => {
  const ledger = "ledger-" + process.env.SERVER_NAME;
  const at = [runId, nodeId, attempt].join(" ");
  appendFileSync(ledger, "+ " + at + "\\n");
  if (gate) await fileAt(gate);
  else await new Promise((resolve) => setTimeout(resolve, ms));
  appendFileSync(ledger, "- " + at + "\\n");
  return { value: nodeId };
};`,
});

const names = ["a", "b"] as const;

/** Two servers of one database, each with places for two attempts. */
async function servers(options: object = {}) {
  const root = folder({ "one.tsx": file });
  const db = await postgresDatabase();
  const start = (name: string) =>
    ServerProcess.start(root, {
      SERVE_OPTIONS: JSON.stringify({ db, maxConcurrency: 2, ...options }),
      SERVER_NAME: name,
    });
  const [a, b] = await Promise.all(names.map(start));
  const begunBy = (name: string) => ledger(root, `ledger-${name}`).filter(({ isBegin }) => isBegin);
  return { root, a: a!, b: b!, begunBy, open: (gate: string) => writeFileSync(join(root, gate), "") };
}

const once = (lines: readonly LedgerLine[]) => lines.map(({ runId, nodeId }) => `${runId} ${nodeId}`).sort();

testOnPostgres("runs that one server has no place for are taken by another, and nothing starts twice", async () => {
  // Neither looks for orphans in the meantime.
  const { root, a, begunBy, open } = await servers({ heartbeatMs: 60_000 });
  const startAll = (count: number, input: object) =>
    Promise.all(Array.from({ length: count }, () => a.start("one.tsx", input)));
  const held = await startAll(2, { gate: "go" });
  await eventually(() => begunBy("a").length === 2);
  // The other server was not asked for anything.
  const others = await startAll(8, {});
  for (const runId of others) expect((await a.end(runId)).status).toBe("finished");
  expect(begunBy("b").length).toBe(8);
  open("go");
  const shared = await startAll(24, {});
  for (const runId of [...held, ...shared]) expect((await a.end(runId)).status).toBe("finished");
  expect(once(names.flatMap(begunBy))).toEqual([...held, ...others, ...shared].map((runId) => `${runId} t`).sort());
  for (const name of names) {
    expect(begunBy(name).length).toBeGreaterThan(8);
    expect(mostAtOnce(root, `ledger-${name}`)).toBe(2);
  }
});

testOnPostgres("while all servers are full, runs wait in order, and say so on each", async () => {
  const { a, b, begunBy, open } = await servers({ maxConcurrency: 1, isolation: "none" });
  const held: string[] = [];
  for (let no = 0; no < 2; no += 1) held.push(await a.start("one.tsx", { gate: "go" }));
  await eventually(() => begunBy("a").length === 1 && begunBy("b").length === 1);
  const waiting: string[] = [];
  for (let no = 0; no < 6; no += 1) waiting.push(await (no % 2 ? a : b).start("one.tsx", { ms: 1 }));
  for (const server of [a, b]) {
    const { status, runState } = (await server.get(`/v1/runs/${waiting[0]}`)).body;
    expect({ status, state: runState.state }).toEqual({ status: "running", state: "running" });
    expect(runState.queued.reason).toContain("waits for a free place on a server");
  }
  await a.runs.cancel(waiting[5]!);
  open("go");
  for (const runId of [...held, ...waiting.slice(0, 5)]) expect((await b.end(runId)).status).toBe("finished");
  expect(await b.end(waiting[5]!)).toMatchObject({ status: "cancelled" });
  for (const name of names) {
    const order = begunBy(name)
      .slice(1)
      .map(({ runId }) => waiting.indexOf(runId));
    expect(order).toEqual(order.toSorted((one, other) => one - other));
  }
});

testOnPostgres("runs of a server that is killed, and those that waited for it, end on the other", async () => {
  const { a, b, begunBy, open } = await servers({ heartbeatMs: 60_000, isolation: "none" });
  // Both have loaded the file before the runs come: on a busy machine, one of them would else execute all.
  const held = await Promise.all(Array.from({ length: 4 }, () => a.start("one.tsx", { gate: "go" })));
  await eventually(() => begunBy("a").length === 2 && begunBy("b").length === 2);
  const waiting = await Promise.all(Array.from({ length: 40 }, () => a.start("one.tsx", { ms: 100 })));
  const runIds = [...held, ...waiting];
  open("go");
  await eventually(() => begunBy("a").length > 4 && begunBy("b").length > 4);
  await a.kill();
  for (const runId of runIds) expect((await b.end(runId)).status).toBe("finished");
  const all = names.flatMap(begunBy);
  const perRun = runIds.map((runId) => all.filter((line) => line.runId === runId));
  expect(perRun.every(({ length }) => length > 0)).toBe(true);
  const again = perRun.filter(({ length }) => length > 1);
  // Only what the killed server had in flight.
  expect(again.length).toBeLessThanOrEqual(2);
  for (const lines of again) expect(lines.map(({ attempt }) => attempt).sort()).toEqual([1, 2]);
});
