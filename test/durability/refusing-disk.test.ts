import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { refuse, testWithFaults } from "../support/refusing-disk.ts";
import { echo } from "../support/workflows.ts";

const start = async (options: object = {}) => {
  const root = folder({ "echo.tsx": echo });
  const server = await ServerProcess.start(root, { SERVE_OPTIONS: JSON.stringify({ heartbeatMs: 200, ...options }) });
  await server.complete("echo.tsx");
  return { root, server };
};

const health = async (server: ServerProcess) => {
  const { status, body } = await server.get("/health");
  return { status, code: body.error?.code };
};

testWithFaults(
  "/health tells of a disk that refuses to sync, or to write, as long as it does, and runs work again after it",
  async () => {
    const { root, server } = await start();
    for (const calls of ["fsync,fdatasync", "pwrite64,pwritev,write"]) {
      const accept = await refuse(server, root, calls);
      for (let n = 0; n < 3; n++) {
        expect((await server.post("/v1/runs", { workflowPath: "echo.tsx" })).status).toBe(503);
        for (let again = 0; again < 3; again++) {
          expect([calls, await health(server)]).toEqual([calls, { status: 503, code: "DB_UNAVAILABLE" }]);
        }
      }
      await accept();
      await eventually(async () => (await health(server)).status === 200);
      expect((await server.complete("echo.tsx", { msg: 1 })).status).toBe("finished");
    }
  },
);

testWithFaults("/health tells of a disk that refuses writes also when no one writes", async () => {
  const { root, server } = await start({ isolation: "none" });
  const accept = await refuse(server, root, "fsync,fdatasync");
  await eventually(async () => (await health(server)).status === 503);
  await accept();
  await eventually(async () => (await health(server)).status === 200);
});

testWithFaults("a disk that fails to read for a while is no reason to restore a backup", async () => {
  const { root, server } = await start({ isolation: "none" });
  const runIds = await Promise.all(Array.from({ length: 20 }, (_, msg) => server.start("echo.tsx", { msg })));
  for (const runId of runIds) await server.end(runId);
  const accept = await refuse(server, root, "pread64");
  const other = new Database(join(root, "smithers.db"));
  other.run("PRAGMA busy_timeout = 5000");
  other.run("CREATE TABLE mine (text TEXT)");
  // A write of another connection makes the server read its pages again.
  const beganMs = performance.now();
  let refused = 0;
  while (performance.now() - beganMs < 4_000) {
    other.run("INSERT INTO mine VALUES (?)", ["x".repeat(10_000)]);
    const { status } = await server.get("/v1/runs");
    if (status === 503) refused += 1;
    await server.post("/v1/runs", { workflowPath: "echo.tsx" });
    await health(server);
    await Bun.sleep(100);
  }
  other.close();
  expect(refused).toBeGreaterThan(0);
  await accept();
  await eventually(async () => (await health(server)).status === 200);
  expect((await server.complete("echo.tsx", { msg: 1 })).status).toBe("finished");
  expect((await server.get("/v1/runs")).status).toBe(200);
});
