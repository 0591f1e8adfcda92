import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { once } from "node:events";
import { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { type ServerOptions, startServer } from "smithers-orchestrator";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

const wrong: [string, Record<string, unknown>][] = [
  ["port", { port: -1 }],
  ["port", { port: 65_536 }],
  ["port", { port: 1.5 }],
  ["port", { port: "7331" }],
  ["port", { port: Number.NaN }],
  ["maxBodyBytes", { maxBodyBytes: 0 }],
  ["maxBodyBytes", { maxBodyBytes: -5 }],
  ["maxBodyBytes", { maxBodyBytes: Number.POSITIVE_INFINITY }],
  ["headersTimeout", { headersTimeout: -1 }],
  ["headersTimeout", { headersTimeout: 0.5 }],
  ["requestTimeout", { requestTimeout: "60s" }],
  ["shutdownGraceMs", { shutdownGraceMs: -1 }],
  ["rootDir", { rootDir: "/no/such/folder" }],
  ["rootDir", { rootDir: import.meta.path }],
  ["authToken", { authToken: 5 }],
  ["host", { host: 5 }],
  ["readable", { readable: "/srv/data" }],
  ["writable", { writable: [""] }],
  ["db", { db: {} }],
];

test.each(wrong)("an invalid %s is refused by name: %j", (option, options) => {
  let thrown: unknown;
  try {
    startServer({ port: 0, rootDir: folder(), ...options } as ServerOptions).close();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ name: "SmithersError", code: "INVALID_OPTIONS" });
  expect((thrown as Error).message).toContain(`option ${option}`);
});

test("startServer returns a Node http.Server at once", async () => {
  const server = startServer({ port: 0, rootDir: folder() });
  expect(server).toBeInstanceOf(Server);
  if (!server.listening) await once(server, "listening");
  expect((server.address() as AddressInfo).address).toBe("127.0.0.1");
  expect((server.address() as AddressInfo).port).toBeGreaterThan(0);
  await new Promise((resolve) => server.close(resolve));
});

test("a port in use causes an error event, and the first server continues", async () => {
  const first = await serve(folder({ "echo.tsx": echo }));
  const { port } = first.server.address() as AddressInfo;
  const second = startServer({ port, rootDir: folder() });
  const [error] = await once(second, "error");
  expect(error.code).toBe("EADDRINUSE");
  expect(second.listening).toBe(false);
  expect((await first.complete("echo.tsx", { msg: 1 })).status).toBe("finished");
});

test("without a listener for the error, a port in use is logged, and nothing of a server that shuts down", async () => {
  const first = await serve(folder());
  const { port } = first.server.address() as AddressInfo;
  const said: [string, object][] = [];
  const say = (facts: object, message: string) => void said.push([message, facts]);
  const second = startServer({ port, rootDir: folder(), logger: { debug: say, info: say, warn: say, error: say } });
  await eventually(() => said.length > 0);
  await new Promise((resolve) => second.close(resolve));
  expect(said).toMatchObject([["cannot listen", { err: { code: "ADDRESS_UNAVAILABLE" } }]]);
});

test("without db, runs live in smithers.db under the root", async () => {
  const root = folder({ "echo.tsx": echo });
  const server = await serve(root, { withoutDb: true });
  const { runId } = await server.complete("echo.tsx", { msg: 1 });
  await server.close();
  const database = new Database(join(root, "smithers.db"), { readonly: true });
  expect(database.query("SELECT run_id FROM _smithers_runs").all()).toEqual([{ run_id: runId }]);
  database.close();
});

test("a database in memory works", async () => {
  const database = new Database(":memory:");
  const server = await serve(folder({ "echo.tsx": echo }), { db: drizzle(database) });
  const { runId } = await server.complete("echo.tsx", { msg: 1 });
  expect((await server.allRuns()).map((run) => run.runId)).toEqual([runId]);
});

const notADatabase = { "smithers.db": "this is no database, but it is long enough to be looked at ".repeat(20) };

test("a file that is not a database causes an error event with a code, and the server closes", async () => {
  const server = startServer({ port: 0, rootDir: folder(notADatabase) });
  const closed = new Promise((resolve) => server.once("close", resolve));
  const [error] = await once(server, "error");
  expect(error).toMatchObject({ name: "SmithersError", code: "DB_NOT_A_DATABASE" });
  await closed;
});

test("a database that cannot be opened ends a process without a listener for the server's error event", async () => {
  const rootDir = folder(notADatabase);
  const index = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
  const code = `import { startServer } from ${JSON.stringify(index)}; startServer({ port: 0, rootDir: ${JSON.stringify(rootDir)} });`;
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, "-e", code]);
  expect(exitCode).not.toBe(0);
  expect(stderr.toString()).toContain("DB_NOT_A_DATABASE");
});

test("requests wait until the database is open", async () => {
  const rootDir = folder({ "echo.tsx": echo });
  const file = join(rootDir, "smithers.db");
  const locked = new Database(file, { create: true });
  locked.run("BEGIN EXCLUSIVE");
  const server = startServer({ port: 0, rootDir, db: file, shutdownGraceMs: 200 });
  if (!server.listening) await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const answer = fetch(`http://127.0.0.1:${port}/v1/runs`);
  await once(server, "request");
  locked.run("ROLLBACK");
  locked.close();
  expect(await (await answer).json()).toEqual([]);
  await new Promise((resolve) => server.close(resolve));
});

test("listings need the db option", async () => {
  const server = await serve(folder({ "echo.tsx": echo }), { withoutDb: true });
  const { runId } = await server.complete("echo.tsx", { msg: 1 });
  for (const path of ["/v1/runs", "/v1/approvals", "/v1/approval/list", "/approval/list", "/approvals"]) {
    const { status, body } = await server.get(path);
    expect([path, status, body.error.code]).toEqual([path, 400, "DB_NOT_CONFIGURED"]);
  }
  expect(await server.run(runId)).toMatchObject({ status: "finished", output: { value: 1 } });
});
