import { expect, test } from "bun:test";
import { cliWorkflows } from "../support/cli-workflows.ts";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const { smithers, smithersJson } = hostedCommands({ executes: true });

test("gc counts and deletes ended runs, and keeps waiting ones", async () => {
  const root = folder(cliWorkflows);
  const server = await serve(root);
  await server.complete("./done.tsx", {}, { runId: "old" });
  await server.start("./release.tsx", {}, { runId: "release" });
  await server.until("release", ({ type }) => type === "RunStatusChanged");
  expect((await smithers(root, "gc", "--dry-run")).out).toBe("0 runs that ended more than 30d ago would be deleted.\n");
  expect(await smithersJson(root, "gc", "--older-than", "0s", "--dry-run")).toEqual({
    runs: 1,
    cached: 0,
    dryRun: true,
  });
  expect((await smithersJson(root, "ps")).length).toBe(2);
  expect((await smithers(root, "gc", "--older-than", "0s")).out).toBe("Deleted 1 run and 0 cached results.\n");
  expect((await smithersJson(root, "ps")).map(({ runId }: { runId: string }) => runId)).toEqual(["release"]);
});

test("a run in a workflow's own database is found and decided on through the server's database", async () => {
  const approval = `<Approval id="ship" output={outputs.decision} request={{ title: "Ship it?" }} />`;
  const own = workflowFile(approval, {
    schemas: "decision: approvalDecisionSchema",
    create: ', { dbPath: "own.db" }',
  });
  const root = folder({ "own.tsx": own });
  const server = await serve(root);
  await server.start("./own.tsx", {}, { runId: "elsewhere" });
  await server.until("elsewhere", ({ type }) => type === "RunStatusChanged");
  expect(await smithersJson(root, "inspect", "elsewhere")).toMatchObject({ status: "waiting-approval" });
  await server.close();
  expect((await smithers(root, "approve", "elsewhere")).out).toBe('"ship" is approved.\n');
  expect((await smithers(root, "resume", "elsewhere")).code).toBe(0);
  expect(await smithersJson(root, "inspect", "elsewhere")).toMatchObject({ status: "finished" });
  expect(await smithersJson(root, "inspect", "elsewhere", "--db", "own.db")).toMatchObject({ status: "finished" });
  // The copy in the server's database still says that it waits; the list shows the run as it stands.
  expect(await smithersJson(root, "ps")).toMatchObject([{ runId: "elsewhere", status: "finished" }]);
});

test("nodes of a loop are shown and decided on by iteration", async () => {
  const loop = `<Loop id="ask" until={ctx.latest(outputs.decision, "ok")?.approved === true} maxIterations={3}>
    <Approval id="ok" output={outputs.decision} onDeny="continue" request={{ title: "Good?" }} />
  </Loop>`;
  const root = folder({ "loop.tsx": workflowFile(loop, { schemas: "decision: approvalDecisionSchema" }) });
  const server = await serve(root);
  await server.start("./loop.tsx", {}, { runId: "loop" });
  await server.until("loop", ({ type }) => type === "ApprovalRequested");
  await smithers(root, "deny", "loop", "--note", "again");
  await server.until("loop", (event) => event.type === "ApprovalRequested" && event.iteration === 1);
  const { reasons } = await smithersJson(root, "why", "loop");
  expect(reasons[0].commands[0]).toBe("smithers approve loop ok --iteration 1");
  const first = await smithers(root, "node", "loop", "ok", "--iteration", "0");
  expect(first.out).toContain('"note": "again"');
  expect((await smithers(root, "approve", "loop", "ok", "--iteration", "0")).code).toBe(1);
  expect((await smithers(root, "approve", "loop", "ok", "--iteration", "1")).code).toBe(0);
  expect(await server.end("loop")).toMatchObject({ status: "finished" });
});

test("backup copies a database in use, and never overwrites a file", async () => {
  const root = folder(cliWorkflows);
  const server = await serve(root);
  await server.complete("./done.tsx", {}, { runId: "done" });
  const copied = await smithers(root, "backup", "copies/monday.db");
  expect(copied).toMatchObject({
    code: 0,
    err: "",
    out: expect.stringMatching(/^Copied the database to copies\/monday\.db \(\d+/),
  });
  await server.complete("./done.tsx", {}, { runId: "later" });
  const runs = await smithersJson(root, "ps", "--db", "copies/monday.db");
  expect(runs.map(({ runId }: { runId: string }) => runId)).toEqual(["done"]);
  const again = await smithers(root, "backup", "copies/monday.db");
  expect(again).toMatchObject({ code: 4, err: expect.stringContaining("The file copies/monday.db already exists") });
});
