import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import postgres from "postgres";
import { databaseOf } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { folder, write } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { inStore } from "../support/run.ts";
import { workflowFile } from "../support/workflows.ts";

const timer = workflowFile(
  `<Timer id="tm" duration={ctx.input.duration} /><Task id="t" output={outputs.result}>{{ value: 1 }}</Task>`,
);
const ask = workflowFile(`<Approval id="ok" output={outputs.decision} request={{ title: "?" }} />`, {
  schemas: "decision: approvalDecisionSchema",
});
const hangs = (file: string) => file.replace("\n", "\nawait new Promise(() => {});\n");

test("files that hang while they are imported delay neither a timer nor another process's decision", async () => {
  const files = ["h1.tsx", "h2.tsx", "h3.tsx"];
  const root = folder({ "timer.tsx": timer, "ask.tsx": ask });
  for (const file of files) write(root, { [file]: timer, [`a${file}`]: ask });
  const server = await ServerProcess.start(root);
  const asked: string[] = [];
  for (const file of files) {
    await server.start(file, { duration: "1s" });
    asked.push(await server.start(`a${file}`));
  }
  const decided = await server.start("ask.tsx");
  for (const runId of [...asked, decided]) {
    await server.until(runId, (event) => event.type === "RunStatusChanged");
  }
  for (const file of files) write(root, { [file]: hangs(timer), [`a${file}`]: hangs(ask) });
  const timed = await server.start("timer.tsx", { duration: "1500ms" });
  await inStore(databaseOf(root), async (store) => {
    for (const runId of [...asked, decided]) {
      await store.decide({ runId, nodeId: "ok", status: "granted", decidedBy: "elsewhere" }, Date.now());
    }
  });
  const began = performance.now();
  expect((await server.end(decided)).status).toBe("finished");
  expect((await server.end(timed)).status).toBe("finished");
  // An import that hangs is given up after ten seconds.
  expect(performance.now() - began).toBeLessThan(9_000);
});

const copied = ["runs", "nodes", "timers", "events"].map((name) => `_smithers_${name}`);

/** Copies a parked run many times, each with an id of its own. */
async function multiply(database: string, runId: string, times: number): Promise<void> {
  if (database.startsWith("postgres:")) return multiplyOnPostgres(database, runId, times);
  const file = new Database(database);
  const columnsOf = (table: string) =>
    file
      .query<{ name: string }, [string]>("SELECT name FROM pragma_table_info(?)")
      .all(table)
      .map(({ name }) => name)
      .filter((name) => name !== "run_id");
  file.run("BEGIN");
  for (const table of copied) {
    const columns = columnsOf(table).join(", ");
    file.run(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO ${table} (run_id, ${columns}) SELECT 'copy-' || i, ${columns} FROM ${table}, n WHERE run_id = ?`,
      [times, runId],
    );
  }
  file.run("COMMIT");
  file.close();
}

async function multiplyOnPostgres(database: string, runId: string, times: number): Promise<void> {
  const [url, schema] = database.split("?schema=") as [string, string];
  const sql = postgres(url, { max: 1, onnotice() {} });
  await sql.begin(async (sql) => {
    for (const table of copied) {
      const found = await sql`SELECT column_name AS name FROM information_schema.columns
        WHERE table_schema = ${schema} AND table_name = ${table} AND column_name <> 'run_id'`;
      const columns = found.map(({ name }) => name).join(", ");
      const name = `${schema}.${table}`;
      await sql.unsafe(
        `INSERT INTO ${name} (run_id, ${columns})
         SELECT 'copy-' || i, ${columns} FROM ${name}, generate_series(1, $1::int) i WHERE run_id = $2`,
        [times, runId],
      );
    }
  });
  await sql.end();
}

test("a thousand timers that became due while no server ran delay a new one only a little, and all fire once", async () => {
  const root = folder({ "timer.tsx": timer });
  const first = await ServerProcess.start(root);
  const runId = await first.start("timer.tsx", { duration: "2s" });
  await first.until(runId, (event) => event.type === "RunStatusChanged");
  await first.kill();
  const many = 1_000;
  await multiply(databaseOf(root), runId, many);
  await Bun.sleep(2_000);

  const second = await ServerProcess.start(root);
  const fresh = await second.start("timer.tsx", { duration: "200ms" });
  expect((await second.end(fresh)).status).toBe("finished");
  await inStore(databaseOf(root), async (store) => {
    const open = async () => Object.values((await store.readBacklog(0)).runs).reduce((sum, count) => sum + count, 0);
    // It came before others that were due earlier.
    expect(await open()).toBeGreaterThan(0);
    await eventually(async () => (await open()) === 0, { within: 60_000 });
    for (const id of [runId, "copy-1", `copy-${many}`]) {
      const events = await store.eventsAfter(id, 0, 1_000);
      expect(events.filter(({ type }) => type === "TimerFired")).toHaveLength(1);
    }
  });
});
