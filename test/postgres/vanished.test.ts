import { describe, expect, test } from "bun:test";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import client from "postgres";
import { canRun } from "../../scripts/programs.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { Network } from "../support/network.ts";
import { isSlowSet, newSchema } from "../support/postgres.ts";
import { type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { ServerProcess } from "../support/process.ts";
import { workersOf } from "../support/worker-processes.ts";
import { workflowFile } from "../support/workflows.ts";

/** Its second task waits for a file, which the test writes, and notes who executes it. */
const slow = workflowFile(
  `<Task id="first" output={outputs.result}>{{ value: 1 }}</Task>
  <Task id="wait" output={outputs.result} dependsOn={["first"]}>{async () => {
    appendFileSync("attempts", process.ppid + "\\n");
    await fileAt("go");
    return { value: 2 };
  }}</Task>
  <Task id="last" output={outputs.result} dependsOn={["wait"]}>{async () => {
    appendFileSync("last", process.ppid + "\\n");
    return { value: 3 };
  }}</Task>`,
);

let started: Promise<PostgresServer> | undefined;

/** A server that hosts on other networks can reach. */
function postgres(): Promise<PostgresServer> {
  started ??= startPostgres("listen_addresses = '*'", ["198.18.0.0/15"]);
  return started;
}

async function isWaiting(server: ServerProcess, runId: string): Promise<void> {
  await server.until(runId, (event) => event.type === "NodeStarted" && event.nodeId === "wait");
}

/** Waits until other servers can tell by a lock whether the owner of a run lives. */
async function hasLock(schema: string): Promise<void> {
  const sql = client((await postgres()).url(), { max: 1, onnotice() {} });
  afterThisTest(() => sql.end());
  await eventually(
    async () =>
      (
        await sql`SELECT FROM ${sql(schema)}._smithers_owners o JOIN ${sql(schema)}._smithers_runs r USING (owner)
          WHERE o.lock_key IS NOT NULL`
      ).length > 0,
  );
}

const linesOf = (root: string, file: string) => readFileSync(join(root, file), "utf8").trimEnd().split("\n");

describe.skipIf(!isSlowSet || !canRun("postgres"))("a server that stands still", () => {
  test("loses its runs within ten seconds, writes nothing when it wakes, and then serves again", async () => {
    const root = folder({ "slow.tsx": slow });
    const schema = newSchema();
    const env = { SERVE_OPTIONS: JSON.stringify({ db: `${(await postgres()).url()}?schema=${schema}` }) };
    const [first, second] = [await ServerProcess.start(root, env), await ServerProcess.start(root, env)];
    const runId = await first.start("slow.tsx");
    await isWaiting(first, runId);
    await hasLock(schema);
    const processes = [first.child.pid!, ...workersOf(first.child.pid!)];
    for (const pid of processes) process.kill(pid, "SIGSTOP");
    const stoppedAtMs = performance.now();
    await eventually(() => linesOf(root, "attempts").length === 2, { within: 20_000 });
    expect(performance.now() - stoppedAtMs).toBeLessThan(10_000);
    for (const pid of processes) process.kill(pid, "SIGCONT");
    // Its first attempt ends too, and counts for nothing.
    appendFileSync(join(root, "go"), "");
    expect(await second.end(runId)).toMatchObject({ status: "finished", output: { value: 3 } });
    expect(linesOf(root, "last")).toEqual([String(second.child.pid)]);
    const ends: unknown[] = [];
    for await (const { event } of second.events(runId)) if (event.type === "RunFinished") ends.push(event);
    expect(ends).toHaveLength(1);
    await eventually(async () => (await first.get("/health")).status === 200);
    expect((await first.run(runId)).status).toBe("finished");
  });
});

describe.skipIf(!isSlowSet || !canRun("postgres") || !Network.canMake())("a server whose network is cut", () => {
  test("loses its runs within ten seconds, launches nothing meanwhile, and continues once it is back", async () => {
    const database = await postgres();
    const network = Network.create();
    afterThisTest(() => network.remove());
    const root = folder({ "slow.tsx": slow });
    const schema = newSchema();
    const near = { SERVE_OPTIONS: JSON.stringify({ db: `${database.url()}?schema=${schema}` }) };
    const db = `${database.url().replace("127.0.0.1", network.host)}?schema=${schema}`;
    const far = { SERVE_OPTIONS: JSON.stringify({ db, host: "0.0.0.0", insecure: true }) };
    const second = await ServerProcess.start(root, near);
    const first = await ServerProcess.start(root, far, { network });
    const runId = await first.start("slow.tsx");
    await isWaiting(first, runId);
    await hasLock(schema);
    network.cut();
    const cutAtMs = performance.now();
    await eventually(() => linesOf(root, "attempts").length === 2, { within: 20_000 });
    expect(performance.now() - cutAtMs).toBeLessThan(10_000);
    // The first one finishes its attempt, cannot store the result, and launches nothing.
    appendFileSync(join(root, "go"), "");
    expect(await second.end(runId)).toMatchObject({ status: "finished", output: { value: 3 } });
    network.mend();
    await eventually(async () => (await first.get("/health")).status === 200);
    expect(linesOf(root, "last")).toEqual([String(second.child.pid)]);
    expect((await first.run(runId)).status).toBe("finished");
    const next = await first.start("slow.tsx");
    expect(await first.end(next)).toMatchObject({ status: "finished" });
  });

  test("keeps its runs when it is back soon, and continues what waits for the database", async () => {
    const database = await postgres();
    const network = Network.create();
    afterThisTest(() => network.remove());
    const root = folder({ "slow.tsx": slow });
    const db = `${database.url().replace("127.0.0.1", network.host)}?schema=${newSchema()}`;
    const far = { SERVE_OPTIONS: JSON.stringify({ db, host: "0.0.0.0", insecure: true }) };
    const server = await ServerProcess.start(root, far, { network });
    const runId = await server.start("slow.tsx");
    await isWaiting(server, runId);
    network.cut();
    appendFileSync(join(root, "go"), "");
    await Bun.sleep(7_000);
    network.mend();
    expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: 3 } });
    expect(linesOf(root, "attempts")).toHaveLength(1);
  });
});
