import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { faultEnv } from "../support/fault.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { serveWithoutWorkers as serve, serve as serveWithWorkers, type TestServer } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const own = workflowFile(
  `<Task id="before" output={outputs.result}>{() => ({ value: 1 })}</Task>
   <Approval id="ask" output={outputs.decision} request={{ title: "Go on?" }} />
   <Task id="after" output={outputs.result}>{() => ({ value: 2 })}</Task>`,
  {
    schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })",
    create: `, { dbPath: "own/runs.db" }`,
  },
);

const tables = {
  events: "SELECT seq, type, json FROM _smithers_events WHERE run_id = ? ORDER BY seq",
  nodes: "SELECT node_id, state, attempt FROM _smithers_nodes WHERE run_id = ? ORDER BY ordinal",
  approvals: "SELECT node_id, status, decided_by FROM _smithers_approvals WHERE run_id = ?",
  runs: "SELECT status, workflow_name, last_seq FROM _smithers_runs WHERE run_id = ?",
};

function rowsOf(file: string, runId: string) {
  const database = new Database(file, { readonly: true });
  const rows = Object.entries(tables).map(([name, sql]) => [name, database.query(sql).all(runId)]);
  database.close();
  return Object.fromEntries(rows);
}

async function untilCopied(root: string, runId: string): Promise<void> {
  const ends = (file: string) => rowsOf(join(root, file), runId).runs[0]?.last_seq;
  await eventually(() => ends("smithers.db") === ends("own/runs.db"));
}

async function approve(server: TestServer, runId: string): Promise<void> {
  const approvals = await server.approvals.list();
  expect(approvals.map((approval) => approval.runId)).toEqual([runId]);
  await server.approvals.approve(runId, approvals[0]!.nodeId, { decidedBy: "ada" });
}

test("runs of a workflow with its own database are listed, decided and copied through the server's", async () => {
  const root = folder({ "own.tsx": own });
  const server = await serveWithWorkers(root);
  const runId = await server.start("own.tsx");
  await server.until(runId, ({ type }) => type === "ApprovalRequested");
  expect(existsSync(join(root, "own/runs.db"))).toBe(true);
  await untilCopied(root, runId);
  const [listed] = (await server.get("/v1/runs?workflow=test")).body;
  expect(listed).toMatchObject({ runId, status: "waiting-approval", runState: { blocked: { nodeId: "ask" } } });

  await approve(server, runId);
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: 2 } });
  await untilCopied(root, runId);
  expect(rowsOf(join(root, "smithers.db"), runId)).toEqual(rowsOf(join(root, "own/runs.db"), runId));
});

test("a copy that fell behind catches up at the next start, in order and without doubles", async () => {
  const root = folder({ "own.tsx": own });
  const server = await serve(root);
  const runId = await server.start("own.tsx");
  await server.until(runId, ({ type }) => type === "ApprovalRequested");
  await untilCopied(root, runId);
  await server.close();
  const database = new Database(join(root, "smithers.db"));
  database.run("DELETE FROM _smithers_events WHERE seq > 2");
  database.run("UPDATE _smithers_runs SET last_seq = 2, status = 'running'");
  database.run("DELETE FROM _smithers_approvals");
  database.close();

  const again = await serve(root);
  await untilCopied(root, runId);
  expect(rowsOf(join(root, "smithers.db"), runId)).toEqual(rowsOf(join(root, "own/runs.db"), runId));
  await approve(again, runId);
  expect((await again.end(runId)).status).toBe("finished");
});

test("a run is looked up, streamed and cancelled where it lives", async () => {
  const root = folder({ "own.tsx": own });
  const server = await serve(root);
  const runId = await server.start("own.tsx", {}, { runId: "mine" });
  await server.until(runId, ({ type }) => type === "ApprovalRequested");
  expect((await server.post("/v1/runs", { workflowPath: "own.tsx", runId: "mine" })).status).toBe(409);
  await server.runs.cancel(runId);
  expect((await server.end(runId)).status).toBe("cancelled");
});

test("what a killed server had not copied is copied by another server", async () => {
  const done = workflowFile(`<Task id="a" output={outputs.result}>{{ value: 1 }}</Task>`, {
    create: `, { dbPath: "own/runs.db" }`,
  });
  const root = folder({ "own.tsx": done });
  const options = { SERVE_OPTIONS: JSON.stringify({ heartbeatMs: 50, isolation: "none" }) };
  const killed = await ServerProcess.start(root, {
    ...options,
    ...faultEnv({ point: "mirror", nth: 1, signal: "SIGKILL" }),
  });
  await killed.start("own.tsx", {}, { runId: "owed" }).catch(() => {});
  // One that runs already may be the first to copy, and then nothing kills this one.
  await killed.gone;
  await ServerProcess.start(root, options);
  await untilCopied(root, "owed");
  expect(rowsOf(join(root, "smithers.db"), "owed")).toEqual(rowsOf(join(root, "own/runs.db"), "owed"));
});

test("a server finds a run in a database that it does not know yet", async () => {
  const root = folder({ "own.tsx": own });
  const second = await serve(root, { heartbeatMs: 60_000 });
  const first = await ServerProcess.start(root, withoutWorkers);
  const runId = await first.start("own.tsx");
  await second.until(runId, ({ type }) => type === "ApprovalRequested");
  await approve(second, runId);
  expect((await first.end(runId)).status).toBe("finished");
});
