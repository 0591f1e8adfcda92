import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { once } from "node:events";
import { copyFileSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { startServer } from "smithers-orchestrator";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { recordedErrors, recordedFacts } from "../support/log.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { serveWithoutWorkers as serve, serve as serveWithWorkers } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const gated = workflowFile(`<Task id="first" output={outputs.result}>
    {async () => { await fileAt(ctx.input.go); return { value: 1 }; }}
  </Task>
  <Task id="second" output={outputs.result}>{() => ({ value: "end" })}</Task>`);

const large = workflowFile(
  `<Task id="a" output={outputs.result}>{() => ({ value: String(ctx.input.n).repeat(900_000) })}</Task>`,
);

test("a full disk stops nothing for good: writes are refused with 503, and the run continues when there is room", async () => {
  const root = folder({ "gated.tsx": gated });
  const database = new Database(join(root, "smithers.db"), { create: true });
  const server = await serveWithWorkers(root, { withoutDb: true, db: drizzle(database) });
  const go = join(root, "go");
  const runId = await server.start("gated.tsx", { go });
  await server.until(runId, ({ type }) => type === "NodeStarted");

  database.run("PRAGMA max_page_count = 1");
  const answer = await eventually(async () => {
    const given = await server.post("/v1/runs", {
      workflowPath: "gated.tsx",
      input: { go, fill: "x".repeat(100_000) },
    });
    return given.status !== 200 && given;
  });
  expect([answer.status, answer.body.error.code]).toEqual([503, "DB_FULL"]);
  expect(answer.headers.get("retry-after")).toBe("1");
  expect((await server.get("/v1/runs")).status).toBe(200);
  await Bun.write(go, "");

  database.run("PRAGMA max_page_count = 1000000");
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: "end" } });
  expect((await server.get("/health")).status).toBe(200);
  await server.close();
  database.close();
});

test("/health reports a database that takes no writes, and its recovery", async () => {
  const root = folder({ "echo.tsx": echo });
  const database = new Database(join(root, "smithers.db"), { create: true });
  const server = await serve(root, { withoutDb: true, db: drizzle(database) });
  database.run("PRAGMA query_only = 1");
  expect((await server.post("/v1/runs", { workflowPath: "echo.tsx" })).body.error.code).toBe("DB_READ_ONLY");
  const { status, body } = await server.get("/health");
  expect([status, body.error.code]).toEqual([503, "DB_READ_ONLY"]);
  database.run("PRAGMA query_only = 0");
  expect(await server.get("/health")).toMatchObject({ status: 200, body: { ok: true } });
  expect((await server.complete("echo.tsx")).status).toBe("finished");
  await server.close();
  database.close();
});

test("a turn that the database refuses for its content ends the run with an error, not in endless retries", async () => {
  const root = folder({ "echo.tsx": echo });
  const { logger, errors } = recordedErrors();
  const server = await serveWithWorkers(root, { heartbeatMs: 20, logger });
  const database = new Database(join(root, "smithers.db"));
  database.run("CREATE TRIGGER no BEFORE INSERT ON _smithers_outputs BEGIN SELECT RAISE(ABORT, 'no such row'); END");
  database.close();
  const { runId, status, error } = await server.complete("echo.tsx");
  expect([status, error?.code]).toEqual(["failed", "ATTEMPT_LOST"]);
  expect(errors).toContainEqual(
    expect.objectContaining({ runId, err: expect.objectContaining({ message: "no such row" }) }),
  );
});

test("a reader that holds the write-ahead log open is reported by a metric and once in the log", async () => {
  const root = folder({ "large.tsx": large });
  const { logger, facts } = recordedFacts();
  const server = await serve(root, { logger });
  await server.complete("large.tsx", { n: 0 });
  const reader = new Database(join(root, "smithers.db"));
  reader.run("BEGIN");
  reader.query("SELECT count(*) FROM _smithers_runs").get();
  const held = () => facts.filter(({ waitingBytes }) => typeof waitingBytes === "number");
  await eventually(async () => {
    await server.complete("large.tsx", { n: 1 });
    return held().length > 0;
  });
  const { body } = await server.get("/metrics");
  expect(Number(/^smithers_store_log_bytes(?:{[^}]*})? (\S+)/m.exec(body)?.[1])).toBeGreaterThan(8_000_000);
  expect(held()).toHaveLength(1);
  reader.run("COMMIT");
  reader.close();
});

test("a server starts on no path and no Drizzle database whose file is missing next to its log, and leaves the log as it is", async () => {
  const root = folder({ "echo.tsx": echo });
  const first = await ServerProcess.start(root, withoutWorkers);
  await first.complete("echo.tsx");
  await first.kill();
  const file = join(root, "smithers.db");
  const log = readFileSync(`${file}-wal`);
  for (const dbOf of [() => file, () => drizzle(new Database(file, { create: true }))]) {
    rmSync(file, { force: true });
    rmSync(`${file}-shm`, { force: true });
    const server = startServer({ port: 0, rootDir: root, db: dbOf(), isolation: "none" });
    const [error] = await once(server, "error");
    expect([error.code, error.message]).toEqual(["DB_UNAVAILABLE", expect.stringContaining("smithers.db-wal")]);
    expect(readFileSync(`${file}-wal`)).toEqual(log);
  }
});

test("/health reports a file of the database that was removed or replaced, until it is put back", async () => {
  const root = folder({ "echo.tsx": echo });
  const server = await serve(root);
  expect((await server.complete("echo.tsx", { msg: 1 })).status).toBe("finished");
  const health = async () => {
    const { status, body } = await server.get("/health");
    return [status, body.error?.code, body.error?.message.split(" while ")[0]];
  };
  for (const [suffix, what] of [
    ["", "database file"],
    ["-wal", "write-ahead log of the database"],
    ["-shm", "index of the database's write-ahead log"],
  ] as const) {
    const file = join(root, `smithers.db${suffix}`);
    renameSync(file, `${file}.kept`);
    expect(await health()).toEqual([503, "DB_UNAVAILABLE", `The ${what} was removed`]);
    copyFileSync(`${file}.kept`, file);
    expect(await health()).toEqual([503, "DB_UNAVAILABLE", `The ${what} was replaced`]);
    renameSync(`${file}.kept`, file);
    expect(await health()).toEqual([200, undefined, undefined]);
  }
});
