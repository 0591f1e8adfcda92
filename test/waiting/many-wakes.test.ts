import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
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
  await inStore(join(root, "smithers.db"), async (store) => {
    for (const runId of [...asked, decided]) {
      await store.decide({ runId, nodeId: "ok", status: "granted", decidedBy: "elsewhere" }, Date.now());
    }
  });
  const began = performance.now();
  expect((await server.end(decided)).status).toBe("finished");
  expect((await server.end(timed)).status).toBe("finished");
  expect(performance.now() - began).toBeLessThan(3_500);
});

/** Copies a parked run many times, each with an id of its own. */
function multiply(file: string, runId: string, times: number): void {
  const database = new Database(file);
  const columnsOf = (table: string) =>
    database
      .query<{ name: string }, [string]>("SELECT name FROM pragma_table_info(?)")
      .all(table)
      .map(({ name }) => name)
      .filter((name) => name !== "run_id");
  database.run("BEGIN");
  for (const table of ["runs", "nodes", "timers", "events"].map((name) => `_smithers_${name}`)) {
    const columns = columnsOf(table).join(", ");
    database.run(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO ${table} (run_id, ${columns}) SELECT 'copy-' || i, ${columns} FROM ${table}, n WHERE run_id = ?`,
      [times, runId],
    );
  }
  database.run("COMMIT");
  database.close();
}

test("thousands of timers that became due while no server ran delay a new one only a little, and all fire once", async () => {
  const root = folder({ "timer.tsx": timer });
  const first = await ServerProcess.start(root);
  const runId = await first.start("timer.tsx", { duration: "2s" });
  await first.until(runId, (event) => event.type === "RunStatusChanged");
  await first.kill();
  const many = 2_500;
  multiply(join(root, "smithers.db"), runId, many);
  await Bun.sleep(2_000);

  const second = await ServerProcess.start(root);
  const fresh = await second.start("timer.tsx", { duration: "1s" });
  const began = performance.now();
  expect((await second.end(fresh)).status).toBe("finished");
  const tookMs = performance.now() - began;
  const finished = async () => {
    const database = new Database(join(root, "smithers.db"), { readonly: true });
    const sql = "SELECT count(*) AS n FROM _smithers_runs WHERE status = 'finished'";
    const { n } = database.query<{ n: number }, []>(sql).get()!;
    database.close();
    return n;
  };
  // The others were still being woken: otherwise the test would have shown nothing.
  expect(await finished()).toBeLessThan(many);
  expect(tookMs).toBeLessThan(3_000);
  await eventually(async () => (await finished()) === many + 2, { within: 60_000 });
});
