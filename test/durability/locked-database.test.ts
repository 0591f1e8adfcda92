import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterThisTest } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const own = workflowFile(`<Task id="a" output={outputs.result}>{{ value: 1 }}</Task>`, {
  create: `, { dbPath: "own/runs.db" }`,
});

/** Another process keeps the file to itself; gives how to make it let go. */
async function lock(file: string): Promise<() => Promise<void>> {
  const code = `const { Database } = await import("bun:sqlite"); const d = new Database(${JSON.stringify(file)}, { create: true }); d.run("BEGIN EXCLUSIVE"); console.log("locked"); process.stdin.once("data", () => { d.run("COMMIT"); d.close(); process.exit(); });`;
  const child = spawn(process.execPath, ["-e", code], { stdio: ["pipe", "pipe", "inherit"] });
  afterThisTest(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return async () => {
    child.stdin.write("go\n");
    await once(child, "exit");
  };
}

test("a locked database of one workflow delays no other run, and its own requests get 503 with Retry-After", async () => {
  const root = folder({ "own.tsx": own, "echo.tsx": echo });
  const first = await serve(root);
  await first.complete("own.tsx");
  await first.close();
  const release = await lock(join(root, "own/runs.db"));
  const server = await serve(root);
  await server.complete("echo.tsx", { msg: 0 });
  const asked = server.post("/v1/runs", { workflowPath: "own.tsx" });
  let answered = false;
  void asked.then(() => {
    answered = true;
  });
  // Without an Idempotency-Key: the first start with one after the server's start looks for the key in every database.
  const complete = async (msg: number) => {
    const { body } = await server.post("/v1/runs", { workflowPath: "echo.tsx", input: { msg } });
    return server.end(body.runId);
  };
  const others = await Promise.all([1, 2, 3, 4, 5].map(complete));
  expect(others.map((other) => other.status)).toEqual(Array(5).fill("finished"));
  expect(answered).toBe(false);
  const { status, body, headers } = await asked;
  expect([status, body.error?.code, headers.get("retry-after")]).toEqual([503, "DB_BUSY", "1"]);
  await release();
  expect((await server.complete("own.tsx")).status).toBe("finished");
});

test("runs of a database that is locked at the start continue once it is free", async () => {
  const root = folder({
    "own.tsx": own.replace(`<Task id="a"`, `<WaitForEvent id="w" event="go" output={outputs.result} /><Task id="a"`),
  });
  const first = await serve(root);
  const runId = await first.start("own.tsx");
  await first.until(runId, ({ type, ...event }) => type === "RunStatusChanged" && "status" in event);
  await first.close();
  const release = await lock(join(root, "own/runs.db"));
  const second = await serve(root, { heartbeatMs: 500 });
  const refused = await second.post(`/v1/runs/${runId}/signals/go`, { data: { value: 1 } });
  expect([refused.status, refused.body.error?.code]).toEqual([503, "DB_BUSY"]);
  await release();
  const signal = () => second.post(`/v1/runs/${runId}/signals/go`, { data: { value: 1 } });
  await eventually(async () => (await signal()).status === 200);
  expect((await second.end(runId)).status).toBe("finished");
});
