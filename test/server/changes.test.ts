import { expect, test } from "bun:test";
import { smithers } from "../support/cli.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve, type TestServer } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

async function* changes(server: TestServer) {
  for await (const { event, data } of server.messages("/v1/changes")) yield { event, item: JSON.parse(data) };
}

test("runs of a workflow's own database are told of too, also when it is opened meanwhile", async () => {
  const own = workflowFile(`<Task id="t" output={outputs.result}>{{ value: 1 }}</Task>`, {
    create: `, { dbPath: "own.db" }`,
  });
  const server = await serve(folder({ "own.tsx": own }));
  const stream = changes(server);
  const first = stream.next();
  const runId = await server.start("own.tsx");
  for (let next = await first; !next.done; next = await stream.next()) {
    const { item } = next.value;
    if (item.runId === runId && item.status === "finished") break;
  }
  await stream.return(undefined);
});

test("changes that another process commits to the same database are reported", async () => {
  const root = folder({
    "echo.tsx": echo,
    "ask.tsx": workflowFile(`<Approval id="ok" output={outputs.decision} request={{ title: "?" }} />`, {
      schemas: "decision: approvalDecisionSchema",
    }),
  });
  const server = await serve(root);
  await server.complete("echo.tsx", {}, { runId: "old" });
  const stream = changes(server);
  const first = stream.next();
  const { code } = await smithers(root, "up", "ask.tsx", "--run-id", "theirs");
  expect(code).toBe(3);
  const told = new Set<string>();
  for (let next = await first; !next.done; next = await stream.next()) {
    const { event, item } = next.value;
    told.add(event === "run" ? `${item.runId} ${item.status}` : event);
    if (told.has("theirs waiting-approval") && told.has("approvals")) break;
  }
  expect([...told].filter((one) => one.startsWith("old"))).toEqual([]);
  await stream.return(undefined);
});

test("a server without a database for lists refuses, and a reader's leaving and the server's end are no trouble", async () => {
  const server = await serve(folder(), { withoutDb: true });
  expect((await server.get("/v1/changes")).body.error.code).toBe("DB_NOT_CONFIGURED");
  const other = await serve(folder({ "echo.tsx": echo }));
  const stream = changes(other);
  const first = stream.next();
  await other.complete("echo.tsx");
  expect((await first).done).toBe(false);
  await other.close();
  for await (const _ of stream);
});
