import { describe, expect } from "bun:test";
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import client from "postgres";
import { openStore } from "../../src/store/index.ts";
import { startRun } from "../store/suite/writes.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { newSchema, postgresDatabase, sharedServer, slowTestOnPostgres, testOnPostgres } from "../support/postgres.ts";
import { startPostgres } from "../support/postgres-server.ts";
import { ServerProcess } from "../support/process.ts";
import { workflowFile } from "../support/workflows.ts";

const ask = workflowFile(
  `<Approval id="ok" output={outputs.decision} request={{ title: "?" }} />
  <Task id="last" output={outputs.result}>{{ value: "done" }}</Task>`,
  { schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })" },
);
/** Has two tasks one after the other, the first of which waits for a file, and notes each attempt. */
const slow = workflowFile(
  `<Task id="wait" output={outputs.result}>{async ({ runId }) => {
    appendFileSync("attempts", runId + "\\n");
    await fileAt("go");
    return { value: 1 };
  }}</Task>
  <Task id="last" output={outputs.result} dependsOn={["wait"]}>{{ value: 2 }}</Task>`,
);

/** A client of the tests' own, as an administrator uses it. */
function administrator(url: string) {
  const sql = client(url, { max: 1, onnotice() {} });
  afterThisTest(() => sql.end({ timeout: 0 }));
  return sql;
}

const linesOf = (root: string, file: string) => readFileSync(join(root, file), "utf8").trimEnd().split("\n");

const refusal = (answer: { status: number; headers: Headers; body: any }) => [
  answer.status,
  answer.headers.get("retry-after"),
  answer.body.error?.code,
];

slowTestOnPostgres(
  "while Postgres has too many connections, writes are answered 503, and then runs continue",
  async () => {
    const postgres = await startPostgres("max_connections = 24\nsuperuser_reserved_connections = 1");
    afterThisTest(() => postgres.remove());
    const root = folder({ "ask.tsx": ask });
    const db = `${postgres.url()}?schema=${newSchema()}`;
    const server = await ServerProcess.start(root, { SERVE_OPTIONS: JSON.stringify({ db }) });
    const runId = await server.start("ask.tsx");
    await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
    const admin = administrator(postgres.url());
    await admin`SELECT 1`;
    const others: ReturnType<typeof client>[] = [];
    afterThisTest(() => Promise.all(others.map((other) => other.end({ timeout: 0 }))));
    // Ends the server's connections, and takes their places.
    const takeAll = async () => {
      await admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'smithers'`;
      const more = client(postgres.url(), { max: 24, onnotice() {}, max_lifetime: null });
      others.push(more);
      await Promise.allSettled(Array.from({ length: 24 }, () => more`SELECT pg_sleep(0.3)`));
      const [{ count }] = (await admin`
      SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'smithers'`) as unknown as [
        { count: number },
      ];
      return count === 0;
    };
    await eventually(takeAll);
    const answer = await server.post("/v1/runs", { workflowPath: "ask.tsx" });
    expect(refusal(answer)).toEqual([503, "1", "DB_UNAVAILABLE"]);
    const health = await server.get("/health");
    expect([health.status, health.body.error.message]).toEqual([503, expect.stringContaining("53300")]);
    await Promise.all(others.map((other) => other.end({ timeout: 0 })));
    await eventually(async () => (await server.get("/health")).status === 200);
    await eventually(async () => (await server.post(`/v1/runs/${runId}/nodes/ok/approve`)).status === 200);
    expect(await server.end(runId)).toMatchObject({ status: "finished" });
  },
);

slowTestOnPostgres(
  "a restart of Postgres lets no server take another's runs: their attempts are executed once",
  async () => {
    const postgres = await startPostgres();
    afterThisTest(() => postgres.remove());
    const root = folder({ "slow.tsx": slow });
    const env = { SERVE_OPTIONS: JSON.stringify({ db: `${postgres.url()}?schema=${newSchema()}` }) };
    const servers = [await ServerProcess.start(root, env), await ServerProcess.start(root, env)] as const;
    const runs = [await servers[0].start("slow.tsx"), await servers[1].start("slow.tsx")];
    await eventually(() => linesOf(root, "attempts").length === 2);
    // Long enough that the locks are in place, and that they are judged.
    await Bun.sleep(4_000);
    await postgres.restart("immediate");
    for (const server of servers) await eventually(async () => (await server.get("/health")).status === 200);
    // Longer than it takes to judge a missing lock.
    await Bun.sleep(2_000);
    writeFileSync(join(root, "go"), "");
    for (const runId of runs) expect(await servers[0].end(runId)).toMatchObject({ status: "finished" });
    expect(linesOf(root, "attempts").sort()).toEqual([...runs].sort());
  },
);

describe.skipIf(process.getuid?.() !== 0)("on a small disk", () => {
  slowTestOnPostgres(
    "a full disk is told with 503, reads are answered, and runs continue when there is space",
    async () => {
      const postgres = await startPostgres();
      afterThisTest(() => postgres.remove());
      const disk = postgres.smallDisk(32 * 1_048_576);
      const admin = administrator(postgres.url());
      await admin.unsafe(`CREATE TABLESPACE small LOCATION '${disk}'`);
      await admin.unsafe("CREATE DATABASE small TABLESPACE small");
      const root = folder({ "ask.tsx": ask });
      const server = await ServerProcess.start(root, { SERVE_OPTIONS: JSON.stringify({ db: postgres.url("small") }) });
      const runId = await server.start("ask.tsx");
      await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
      const fill = join(disk, "fill");
      fillUp(fill);
      const accepted: string[] = [];
      let refused: Awaited<ReturnType<typeof server.post>> | undefined;
      await eventually(async () => {
        const answer = await server.post("/v1/runs", { workflowPath: "ask.tsx", input: { text: "x".repeat(2_000) } });
        if (answer.status === 200) accepted.push(answer.body.runId);
        else refused = answer;
        return refused;
      });
      expect(refusal(refused!)).toEqual([503, "1", "DB_FULL"]);
      const health = await server.get("/health");
      expect([health.status, health.body.error.code]).toEqual([503, "DB_FULL"]);
      expect((await server.run(runId)).status).toBe("waiting-approval");
      rmSync(fill);
      await eventually(async () => (await server.get("/health")).status === 200);
      await server.approvals.approve(runId, "ok");
      expect(await server.end(runId)).toMatchObject({ status: "finished" });
      for (const id of accepted) await eventually(async () => (await server.run(id)).status === "waiting-approval");
    },
  );
});

function fillUp(path: string): void {
  const file = openSync(path, "w");
  const block = Buffer.alloc(65_536);
  try {
    for (;;) writeSync(file, block);
  } catch {
    // It is full.
  } finally {
    closeSync(file);
  }
}

testOnPostgres("a deadlock with another program's transaction is tried again", async () => {
  const address = await postgresDatabase();
  const schema = new URL(address).searchParams.get("schema")!;
  const store = await openStore(address);
  afterThisTest(() => store.close());
  for (const runId of ["a", "b"]) await startRun(store, { runId, owner: null });
  const admin = administrator(await sharedServer());
  let busy = 0;
  store.observe({
    committed() {},
    busy: () => {
      busy += 1;
    },
    failed() {},
    recovered() {},
    logHeld() {},
  });
  const sql = (runId: string) => `UPDATE ${schema}._smithers_runs SET crashes = 0 WHERE run_id = '${runId}'`;
  // The program that waits for a shorter time is the one that is ended.
  await admin.unsafe("SET deadlock_timeout = '60s'; BEGIN");
  await admin.unsafe(sql("b"));
  // One batch, which writes first a and then b.
  const leases = Promise.all(["a", "b"].map((runId) => store.takeLease(runId, "me", 7, Date.now())));
  const watcher = administrator(await sharedServer());
  await eventually(
    async () =>
      (await watcher`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE ${`%${schema}%`}`)
        .length > 0,
  );
  await admin.unsafe(sql("a"));
  await admin.unsafe("COMMIT");
  expect((await leases).map((lease) => lease?.leaseNo)).toEqual([8, 8]);
  expect(busy).toBeGreaterThan(0);
});

testOnPostgres(
  "a lock that an administrator holds is told as such in seconds, and costs nothing afterwards",
  async () => {
    const address = await postgresDatabase();
    const schema = new URL(address).searchParams.get("schema")!;
    const store = await openStore(address);
    afterThisTest(() => store.close());
    await startRun(store, { runId: "a", owner: null });
    const admin = administrator(await sharedServer());
    await admin.unsafe(`BEGIN; LOCK TABLE ${schema}._smithers_runs`);
    const began = performance.now();
    const all = await Promise.allSettled(["x", "y"].map((runId) => startRun(store, { runId })));
    // A statement waits 5 s for a lock; a write is given up after 20 s.
    expect(performance.now() - began).toBeLessThan(18_000);
    expect(all.map((one) => one.status === "rejected" && one.reason.code)).toEqual(["DB_BUSY", "DB_BUSY"]);
    expect(store.trouble?.code).toBe("DB_BUSY");
    await admin.unsafe("COMMIT");
    await startRun(store, { runId: "x" });
    expect(store.trouble).toBeUndefined();
  },
);

slowTestOnPostgres("a stream outlives reads that the database refuses, and then has no gap", async () => {
  const root = folder({ "ask.tsx": ask });
  const address = await postgresDatabase();
  const schema = new URL(address).searchParams.get("schema")!;
  const env = { SERVE_OPTIONS: JSON.stringify({ db: address }) };
  // The second one knows nothing of the run, and must read its events.
  const [first, second] = [await ServerProcess.start(root, env), await ServerProcess.start(root, env)];
  const runId = await first.start("ask.tsx");
  await first.until(runId, ({ type }) => type === "NodeWaitingApproval");
  // A transaction sees the activity of one moment, so another connection watches.
  const [admin, watcher] = [administrator(await sharedServer()), administrator(await sharedServer())];
  await admin.unsafe(`BEGIN; LOCK TABLE ${schema}._smithers_events`);
  const seen: number[] = [];
  const reading = (async () => {
    for await (const { id } of second.events(runId)) seen.push(id);
  })();
  const waiting = async () => {
    const found = await watcher`SELECT query_start::text AS since FROM pg_stat_activity
      WHERE wait_event_type = 'Lock' AND strpos(query, ${schema}) > 0 AND strpos(query, '_smithers_events') > 0`;
    return found[0]?.since as string | undefined;
  };
  let refused: string | undefined;
  await eventually(async () => (refused = await waiting()) !== undefined);
  // A later statement waits: the first one was refused.
  await eventually(async () => ![undefined, refused].includes(await waiting()));
  expect(seen).toEqual([]);
  await admin.unsafe("COMMIT");
  expect((await first.post(`/v1/runs/${runId}/nodes/ok/approve`)).status).toBe(200);
  await reading;
  expect((await second.run(runId)).status).toBe("finished");
  expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => index + 1));
  expect(seen.length).toBeGreaterThan(5);
});

testOnPostgres("transactions that Postgres cannot serialize are tried again", async () => {
  const name = `d_${crypto.randomUUID().slice(0, 8)}`;
  const admin = administrator(await sharedServer());
  await admin.unsafe(`CREATE DATABASE ${name}`);
  await admin.unsafe(`ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`);
  const url = new URL(await sharedServer());
  url.pathname = name;
  const root = folder({ "ask.tsx": ask });
  const env = { SERVE_OPTIONS: JSON.stringify({ db: url.href }) };
  const servers = [await ServerProcess.start(root, env), await ServerProcess.start(root, env)] as const;
  const work = servers.map(async (server, place) => {
    for (let n = 0; n < 25; n += 1) {
      const runId = await server.start("ask.tsx", {}, { runId: `r${place}-${n}` });
      await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
      // Decided on the other server, so that both write the same rows.
      const { status } = await servers[1 - place]!.post(`/v1/runs/${runId}/nodes/ok/approve`);
      expect(status).toBe(200);
    }
  });
  await Promise.all(work);
  for (let n = 0; n < 25; n += 1) {
    for (const place of [0, 1]) {
      expect(await servers[0].end(`r${place}-${n}`)).toMatchObject({ status: "finished", output: { value: "done" } });
    }
  }
});
