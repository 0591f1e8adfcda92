import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { openStore } from "../../src/store/index.ts";
import { sleep } from "../../src/timing/index.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { newDatabase } from "../support/run.ts";

import { storeSuite } from "./store-suite.ts";
import { startRun } from "./suite/writes.ts";

storeSuite("SQLite", () => {
  const file = newDatabase();
  return () => openStore(file);
});

test("a transaction that changes nothing does not say that the disk accepts writes again", async () => {
  const connection = new Database(newDatabase());
  const store = await openStore(drizzle(connection));
  afterThisTest(() => store.close());
  const lease = await startRun(store, { runId: "known" });
  connection.run("PRAGMA max_page_count = 1");
  const large = { x: "x".repeat(1_000_000) };
  await expect(startRun(store, { runId: "large", input: large })).rejects.toMatchObject({ code: "DB_FULL" });
  expect(await store.beat([{ ...lease, runId: "unknown" }], Date.now())).toHaveLength(1);
  expect(store.trouble).toMatchObject({ code: "DB_FULL" });
  await store.beat([lease], Date.now() + 1);
  expect(store.trouble).toBeUndefined();
});

// Within one process no write comes between the statements of a read: the writer is another one.
test("what one method reads is a snapshot, while another process writes to the file", async () => {
  const file = newDatabase();
  const writer = fileURLToPath(new URL("writer-process.ts", import.meta.url));
  const store = await openStore(file);
  afterThisTest(() => store.close());
  const child = spawn(process.execPath, [writer, file], { stdio: ["pipe", "pipe", "inherit"] });
  afterThisTest(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const seen = new Set<number>();
  while (seen.size < 60) {
    // The writer goes on meanwhile: to read the same again would show nothing.
    await sleep(1);
    const { run, nodes, outputs } = (await store.readNodes("r", { limit: 100_000, maxOutputBytes: 1_000 }))!;
    seen.add(run.frameNo);
    expect([nodes.length, outputs.length]).toEqual([run.frameNo, run.frameNo]);
    child.stdin.write("r");
  }
});
