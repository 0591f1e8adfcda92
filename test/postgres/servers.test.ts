import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { canRun } from "../../scripts/programs.ts";
import { openStore } from "../../src/store/index.ts";
import { afterThisTest, forAllTests } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { newSchema, ownDatabase, postgresDatabase, testOnPostgres } from "../support/postgres.ts";
import { startPostgres } from "../support/postgres-server.ts";
import { ServerProcess } from "../support/process.ts";
import { workflowFile } from "../support/workflows.ts";

const ask = workflowFile(
  `<Approval id="ok" output={outputs.decision} request={{ title: "?" }} />
  <Task id="last" output={outputs.result}>{{ value: "done" }}</Task>`,
  { schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })" },
);
/** Waits for a file, which the test writes. */
const slow = workflowFile(
  `<Task id="first" output={outputs.result}>{{ value: 1 }}</Task>
  <Task id="wait" output={outputs.result} dependsOn={["first"]}>{async ({ signal }) => {
    appendFileSync("attempts", process.pid + "\\n");
    await fileAt("go", signal);
    return { value: 2 };
  }}</Task>`,
)
  .replace("async ({ signal }) =>", "async () =>")
  .replace('fileAt("go", signal)', 'fileAt("go")');

/** Servers of one folder and one schema: one that does not exist yet, unless the options name a database. */
async function servers(
  count: number,
  files: Record<string, string>,
  options: { db?: string; [name: string]: unknown } = {},
) {
  const root = folder(files);
  const db = options.db ?? (await postgresDatabase());
  const env = { SERVE_OPTIONS: JSON.stringify({ ...options, db }) };
  const started = await Promise.all(Array.from({ length: count }, () => ServerProcess.start(root, env)));
  return { root, db, env, started: started as [ServerProcess, ServerProcess, ...ServerProcess[]] };
}

/** Waits until the owners of a schema are stored with their locks: only then is noticed at once that one has gone. */
async function lockIsStored(db: string): Promise<void> {
  const sql = postgres(new URL(db).href.split("?")[0]!, { max: 1, onnotice() {} });
  afterThisTest(() => sql.end());
  const schema = new URL(db).searchParams.get("schema");
  await eventually(async () => {
    const keys = await sql.unsafe(`SELECT lock_key FROM ${schema}._smithers_owners`);
    return keys.length > 0 && keys.every(({ lock_key }) => lock_key !== null);
  });
}

const numbers = (events: readonly { seq: number }[]) => events.map(({ seq }) => seq);

describe.skipIf(!canRun("postgres"))("on two servers", () => {
  const given = forAllTests(async () => {
    // A test ends its connections.
    const { db, endConnections } = await ownDatabase();
    const options = { db, isolation: "none", heartbeatMs: 60_000 };
    return { endConnections, ...(await servers(2, { "ask.tsx": ask }, options)) };
  });

  test("a stream on one server shows at once what another commits, without a gap or a repeat", async () => {
    const { started } = given();
    const [first, second] = started;
    const runId = await first.start("ask.tsx");
    const seen: { seq: number; type: string }[] = [];
    const reading = (async () => {
      for await (const { id, event } of second.events(runId)) seen.push({ seq: Number(id), type: event.type });
    })();
    await eventually(() => seen.some(({ type }) => type === "NodeWaitingApproval"));
    await first.approvals.approve(runId, "ok");
    // The next sweep is a minute away.
    await eventually(() => seen.at(-1)?.type === "RunFinished");
    await reading;
    expect(numbers(seen)).toEqual(seen.map((_, index) => index + 1));
  });

  test("any server answers any call for any run", async () => {
    const { started } = given();
    const [first, second] = started;
    const [a, b] = [await first.start("ask.tsx"), await second.start("ask.tsx")];
    for (const server of started) {
      const { body } = await server.get("/v1/runs");
      expect(body.map(({ runId }: { runId: string }) => runId)).toEqual(expect.arrayContaining([a, b]));
    }
    await eventually(async () => (await first.approvals.list()).length === 2);
    await second.approvals.approve(a, "ok");
    await first.runs.cancel(b);
    expect(await first.end(a)).toMatchObject({ status: "finished", output: { value: "done" } });
    expect(await second.end(b)).toMatchObject({ status: "cancelled" });
  });

  test("connections that an administrator ends cost no answered request", async () => {
    const { db, endConnections, started } = given();
    const accepted: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      const server = started[n % 2]!;
      const runId = `r${n}`;
      const starting = server.post("/v1/runs", { workflowPath: "ask.tsx", runId }).catch(() => undefined);
      if (n % 4 === 1) await endConnections();
      const answer = await starting;
      if (answer?.status === 200 || answer?.status === 201 || answer?.status === 202) accepted.push(runId);
    }
    expect(accepted.length).toBeGreaterThan(10);
    const store = await openStore(db);
    afterThisTest(() => store.close());
    for (const runId of accepted) {
      await eventually(async () => (await store.findRun(runId))?.status === "waiting-approval");
      const events = await store.eventsAfter(runId, 0, 100);
      expect(numbers(events)).toEqual(events.map((_, index) => index + 1));
      expect(events.filter(({ type }) => type === "RunStarted")).toHaveLength(1);
    }
  });
});

testOnPostgres(
  "a run of a server that is killed continues on another at once, and what was finished stays so",
  async () => {
    // The other server would look for orphans only after a minute.
    const { root, db, started } = await servers(
      2,
      { "slow.tsx": slow },
      { heartbeatMs: 60_000, staleAfterMs: 600_000 },
    );
    const [first, second] = started;
    const runId = await first.start("slow.tsx");
    await first.until(runId, ({ type, nodeId }: any) => type === "NodeStarted" && nodeId === "wait");
    await lockIsStored(db);
    await first.kill();
    writeFileSync(join(root, "go"), "");
    const killedAtMs = Date.now();
    expect(await second.end(runId)).toMatchObject({ status: "finished", output: { value: 2 } });
    expect(Date.now() - killedAtMs).toBeLessThan(30_000);
    const nodes = await second.nodes(runId);
    expect(nodes.map(({ nodeId, attempt }) => [nodeId, attempt])).toEqual([
      ["first", 0],
      ["wait", 2],
    ]);
  },
);

testOnPostgres("an owner on another host counts as gone once its connection has ended", async () => {
  const address = await postgresDatabase();
  const module = fileURLToPath(new URL("../../src/store/index.ts", import.meta.url));
  const rows = fileURLToPath(new URL("../store/rows.ts", import.meta.url));
  const owner = "elsewhere/boot/ns|1|1|x";
  const code = `
    const { openStore } = await import(${JSON.stringify(module)});
    const { runRow } = await import(${JSON.stringify(rows)});
    const store = await openStore(${JSON.stringify(address)});
    store.watch(() => {});
    await store.startOnce(runRow({ owner: ${JSON.stringify(owner)} }), []);
    console.log("started");
    setInterval(() => {}, 1000);`;
  const store = await openStore(address);
  afterThisTest(() => store.close());
  store.watch(() => {});
  const child = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  afterThisTest(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  await lockIsStored(address);
  // Longer than it takes to judge a missing lock.
  await Bun.sleep(2_000);
  expect([...store.goneOwners!]).toEqual([]);
  child.kill("SIGKILL");
  await eventually(() => store.goneOwners!.has(owner));
});

testOnPostgres(
  "when Postgres restarts, writes are refused with 503 meanwhile, and runs and streams continue by themselves",
  async () => {
    const postgres = await startPostgres();
    afterThisTest(() => postgres.remove());
    const root = folder({ "ask.tsx": ask });
    const db = `${postgres.url()}?schema=${newSchema()}`;
    const server = await ServerProcess.start(root, { SERVE_OPTIONS: JSON.stringify({ db }) });
    const runId = await server.start("ask.tsx");
    const seen: { seq: number; type: string }[] = [];
    const reading = (async () => {
      for await (const { id, event } of server.events(runId)) seen.push({ seq: Number(id), type: event.type });
    })();
    await eventually(() => seen.some(({ type }) => type === "NodeWaitingApproval"));
    await postgres.stop("immediate");
    const refused = await server.post("/v1/runs", { workflowPath: "ask.tsx" });
    expect([refused.status, refused.headers.get("retry-after"), refused.body.error.code]).toEqual([
      503,
      "1",
      "DB_UNAVAILABLE",
    ]);
    const health = await server.get("/health");
    expect([health.status, health.body.error.code]).toEqual([503, "DB_UNAVAILABLE"]);
    await postgres.start();
    await eventually(async () => (await server.get("/health")).status === 200);
    await eventually(async () => (await server.post(`/v1/runs/${runId}/nodes/ok/approve`)).status === 200);
    await reading;
    expect(seen.at(-1)?.type).toBe("RunFinished");
    expect(numbers(seen)).toEqual(seen.map((_, index) => index + 1));
  },
);
