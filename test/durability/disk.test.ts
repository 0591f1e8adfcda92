import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { needs } from "../support/programs.ts";
import { serveOnSmallDisk } from "../support/small-disk.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const diskTest = needs("unshare", "mount");

const gated = workflowFile(
  `<Task id="first" output={outputs.result}>{async (task) => { await fileAt("go"); return { value: "x".repeat(1_500_000) }; }}</Task>
   <Task id="second" output={outputs.result}>{{ value: "end" }}</Task>`,
);

diskTest("a full disk keeps no half of a turn: writes answer 503, and runs continue once there is room", async () => {
  const disk = await serveOnSmallDisk(folder({ "gated.tsx": gated, "echo.tsx": echo }), 16_000_000);
  const server = new Client(disk.url);
  const runId = await server.start("gated.tsx");
  await server.until(runId, ({ type }) => type === "NodeStarted");
  fill(join(disk.root, "filler"));

  const refused = await server.post("/v1/runs", { workflowPath: "echo.tsx", input: { msg: "x".repeat(800_000) } });
  expect([refused.status, refused.body.error?.code, refused.headers.get("retry-after")]).toEqual([503, "DB_FULL", "1"]);
  const sick = await server.get("/health");
  expect([sick.status, sick.body.error?.code]).toEqual([503, "DB_FULL"]);
  expect(sick.body.error.message).toContain("Free disk space");
  // A name without data needs no room.
  writeFileSync(join(disk.root, "go"), "");
  await eventually(() => disk.log().includes("waits for its database"));
  expect(await server.run(runId)).toMatchObject({ status: "running", summary: { "in-progress": 1, pending: 1 } });

  rmSync(join(disk.root, "filler"));
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: "end" } });
  expect((await server.nodes(runId)).map(({ attempt }) => attempt)).toEqual([1, 0]);
  expect((await server.get("/health")).status).toBe(200);
  expect((await server.complete("echo.tsx", { msg: "hi" })).output).toEqual({ value: "hi" });
  const database = new Database(join(disk.root, "smithers.db"));
  expect(database.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  database.close();
});

function fill(path: string): void {
  const file = openSync(path, "w");
  try {
    for (let bytes = 65_536; bytes >= 512; ) {
      try {
        writeSync(file, Buffer.alloc(bytes, 1));
      } catch {
        bytes /= 2;
      }
    }
  } finally {
    closeSync(file);
  }
}

test("a damaged page is reported by the request that reads it and by /health, and intact data is still served", async () => {
  const root = folder({ "echo.tsx": echo });
  const first = await ServerProcess.start(root);
  const { runId } = await first.complete("echo.tsx", { msg: "hi" });
  await first.stop("SIGTERM");
  const path = join(root, "smithers.db");
  const database = new Database(path);
  const { rootpage } = database.query("SELECT rootpage FROM sqlite_master WHERE name = '_smithers_frames'").get() as {
    rootpage: number;
  };
  const { page_size } = database.query("PRAGMA page_size").get() as { page_size: number };
  database.close();
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(page_size, 0xa5), 0, page_size, (rootpage - 1) * page_size);
  closeSync(file);

  const second = await ServerProcess.start(root);
  expect((await second.run(runId)).status).toBe("finished");
  const met = await second.get(`/v1/runs/${runId}/frames`);
  expect([met.status, met.body.error?.code]).toEqual([503, "DB_CORRUPT"]);
  expect(met.body.error.message).toContain("Restore the database from a backup");
  const { status, body } = await second.get("/health");
  expect([status, body.error?.code]).toEqual([503, "DB_CORRUPT"]);
  expect(await second.allRuns()).toHaveLength(1);
});
