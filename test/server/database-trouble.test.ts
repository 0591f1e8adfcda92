import { Database } from "bun:sqlite";
import { expect, spyOn, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const steps = workflowFile(
  `<Sequence>{[1, 2, 3].map((n) => <Task key={n} id={"t" + n} output={outputs.result}>{async () => { await fileAt(ctx.input.gate); return { value: n }; }}</Task>)}</Sequence>`,
);

/** Another process takes the write lock; gives how to make it let go. */
async function lock(file: string): Promise<() => void> {
  const code = `import { Database } from "bun:sqlite"; const d = new Database(${JSON.stringify(file)}); d.run("PRAGMA busy_timeout = 10000"); d.run("BEGIN IMMEDIATE"); console.log("locked"); process.stdin.once("data", () => { d.run("ROLLBACK"); d.close(); process.exit(); });`;
  const child = spawn(process.execPath, ["-e", code], { stdio: ["pipe", "pipe", "inherit"] });
  afterThisTest(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return () => void child.stdin.write("go\n");
}

test("a run finishes although another process locks its database for a moment", async () => {
  const root = folder({ "steps.tsx": steps });
  const server = await serve(root);
  const gate = join(root, "gate");
  const runId = await server.start("steps.tsx", { gate });
  const release = await lock(join(root, "smithers.db"));
  writeFileSync(gate, "");
  expect((await server.run(runId)).status).toBe("running");
  release();
  const run = await server.end(runId);
  expect(run).toMatchObject({ status: "finished", summary: { finished: 3 } });
  expect((await server.nodes(runId)).map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
});

test("a start waits for the lock, while reads are answered", async () => {
  const root = folder({ "echo.tsx": echo });
  const server = await serve(root);
  const release = await lock(join(root, "smithers.db"));
  const started = server.start("echo.tsx", { msg: 1 });
  expect(await server.allRuns()).toEqual([]);
  release();
  expect((await server.end(await started)).status).toBe("finished");
});

test("an unexpected error is answered as SERVER_ERROR without path, message or stack, and logged with the request's id", async () => {
  const logged: { requestId?: string; err?: Error }[] = [];
  const ignore = () => {};
  const logger = { debug: ignore, info: ignore, warn: ignore, error: (facts: object) => void logged.push(facts) };
  const server = await serve(folder(), { logger });
  const broken = spyOn(SqliteStore.prototype, "listRuns").mockImplementation(() => {
    throw new Error("secret at /home/ann/smithers.db");
  });
  try {
    const { status, headers, body } = await server.get("/v1/runs");
    expect([status, body.error.code]).toEqual([500, "SERVER_ERROR"]);
    expect(JSON.stringify(body)).not.toMatch(/secret|ann|smithers\.db|at /);
    expect(logged).toMatchObject([
      { requestId: headers.get("x-request-id"), err: new Error("secret at /home/ann/smithers.db") },
    ]);
    expect((await server.get("/health")).status).toBe(200);
  } finally {
    broken.mockRestore();
  }
});

test("a missing table causes an error answer, and the server continues", async () => {
  const root = folder({ "echo.tsx": echo });
  const server = await serve(root);
  const other = new Database(join(root, "smithers.db"));
  other.run("DROP TABLE _smithers_events");
  other.close();
  const logged = spyOn(console, "error").mockImplementation(() => {});
  const { status, body } = await server.post("/v1/runs", { workflowPath: "echo.tsx" });
  logged.mockRestore();
  expect(status).toBeGreaterThanOrEqual(500);
  expect(body.error.message).not.toContain(root);
  expect((await server.get("/health")).status).toBe(200);
});

test("an event stream whose store fails is cut off without the error, which is logged, and the next one is served", async () => {
  const root = folder({ "echo.tsx": echo });
  const first = await serve(root);
  const { runId } = await first.complete("echo.tsx");
  await first.close();
  const logged: { err?: Error }[] = [];
  const ignore = () => {};
  const logger = { debug: ignore, info: ignore, warn: ignore, error: (facts: object) => void logged.push(facts) };
  // Another server knows none of the run's events without its store.
  const server = await serve(root, { logger });
  const broken = spyOn(SqliteStore.prototype, "eventsAfter").mockRejectedValueOnce(new Error("no disk"));
  const response = await fetch(`${server.url}/v1/runs/${runId}/events`);
  let text = "";
  const read = (async () => {
    for await (const chunk of response.body!) text += new TextDecoder().decode(chunk);
  })();
  expect(
    await read.then(
      () => "ended",
      () => "cut off",
    ),
  ).toBe("cut off");
  broken.mockRestore();
  expect(text).not.toContain("no disk");
  expect(logged).toMatchObject([{ err: new Error("no disk") }]);
  expect((await server.end(runId)).status).toBe("finished");
});
