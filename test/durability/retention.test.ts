import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { inStore } from "../support/run.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const waiting = workflowFile(`<Approval id="ask" output={outputs.decision} request={{ title: "Go on?" }} />`, {
  schemas: "decision: approvalDecisionSchema",
});
const manyFrames = workflowFile(`<Task id="one" output={outputs.result}>{() => ({ value: 1 })}</Task>
  {ctx.outputMaybe(outputs.result, { nodeId: "one" }) && <Task id="two" output={outputs.result}>{() => ({ value: "x".repeat(100_000) })}</Task>}`);

/** Its later trees are stored as what differs from the earlier ones, which it shares with other runs. */
const growing = workflowFile(`{Array.from({ length: Math.min(9, ctx.outputs("result").length + 1) }, (_, n) => (
    <Task key={n} id={"t" + n} output={outputs.result} label={n === 8 ? ctx.input.label : "one of nine"}>{() => ({ value: n })}</Task>
  ))}`);

const counted = ["runs", "nodes", "attempts", "outputs", "events", "frames", "approvals"];

function countRows(root: string): Record<string, number> {
  const database = new Database(join(root, "smithers.db"), { readonly: true });
  const count = (table: string) =>
    database.query<{ n: number }, []>(`SELECT count(*) AS n FROM _smithers_${table}`).get()!.n;
  const rows = Object.fromEntries([...counted, "trees"].map((table) => [table, count(table)]));
  database.close();
  return rows;
}

test("ended runs older than the window are removed with all their rows; live runs stay", async () => {
  const root = folder({ "w.tsx": waiting, "m.tsx": manyFrames, "g.tsx": growing });
  const first = await serve(root);
  const living = await first.start("w.tsx");
  await first.until(living, ({ type }) => type === "ApprovalRequested");
  const kept = countRows(root);
  for (let n = 0; n < 20; n++) await first.complete("m.tsx");
  for (const label of ["a", "b", "a"]) await first.complete("g.tsx", { label });
  await first.close();
  const before = statSync(join(root, "smithers.db")).size;

  const second = await serve(root, { retention: 0 });
  await eventually(async () => (await second.allRuns()).length === 1);
  await eventually(() => countRows(root).trees === kept.trees);
  expect(countRows(root)).toEqual(kept);
  await second.approvals.approve(living, "ask");
  expect((await second.end(living)).status).toBe("finished");
  await second.close();
  expect(statSync(join(root, "smithers.db")).size).toBeLessThan(before / 4);
});

test("runs inside the window stay, and without a window all do", async () => {
  const root = folder({ "echo.tsx": echo });
  for (const retention of ["1h", undefined]) {
    const server = await serve(root, { retention });
    await server.complete("echo.tsx");
    await server.close();
  }
  expect(countRows(root).runs).toBe(2);
});

test("a run with very many events is removed in batches, others write in between, and it cannot be resumed meanwhile", async () => {
  const root = folder({
    "fails.tsx": workflowFile(`<Task id="a" output={outputs.result} noRetry>{() => { throw new Error("no"); }}</Task>`),
  });
  const server = await serve(root);
  const { runId } = await server.complete("fails.tsx");
  const path = join(root, "smithers.db");
  const database = new Database(path);
  database.run(
    `WITH RECURSIVE n(seq) AS (SELECT 1000 UNION ALL SELECT seq + 1 FROM n WHERE seq < 10999)
     INSERT INTO _smithers_events SELECT ?, seq, 'NodePending', '{}' FROM n`,
    [runId],
  );
  database.run("UPDATE _smithers_runs SET last_seq = 10999");
  database.close();
  const events = () => countRows(root).events!;
  await inStore(path, async ({ maintenance }) => {
    const before = events();
    expect(await maintenance.pruneBatch(Date.now() + 1)).toEqual({ runs: 0, hasMore: true });
    expect(before - events()).toBeWithin(1, before / 2);
    expect((await server.post(`/v1/runs/${runId}/resume`)).body.error.code).toBe("RUN_NOT_ACTIVE");
    let removed = 0;
    for (let more = true; more; ) {
      const batch = await maintenance.pruneBatch(Date.now() + 1);
      removed += batch.runs;
      more = batch.hasMore;
    }
    expect(removed).toBe(1);
  });
  expect(countRows(root)).toEqual(Object.fromEntries([...counted, "trees"].map((table) => [table, 0])));
});
