import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { newOwner } from "../../src/store/index.ts";
import { afterThisTest, forAllTests } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { firstLine, ServerProcess, withoutWorkers } from "../support/process.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const twice = workflowFile(
  `<Task id="a" output={outputs.result}>{async (task) => { if (task.attempt === 1) await new Promise(() => {}); return { value: task.attempt }; }}</Task>`,
);

/** The folder of a server that was killed while it executed a run. */
const killed = forAllTests(async () => {
  const root = folder({ "twice.tsx": twice });
  const server = await ServerProcess.start(root, withoutWorkers);
  const runId = await server.start("twice.tsx");
  await server.until(runId, ({ type }) => type === "NodeStarted");
  await server.kill();
  return { root, runId };
});

/** A run whose server was killed, and whose owner is said to be `owner`, seen alive a moment ago. */
function left(owner: string): { root: string; runId: string } {
  const { root: template, runId } = killed();
  const root = folder();
  cpSync(template, root, { recursive: true });
  const database = new Database(join(root, "smithers.db"));
  database.run("UPDATE _smithers_runs SET owner = ?, heartbeat_at_ms = ?", [owner, Date.now()]);
  database.close();
  return { root, runId };
}

/** An owner of this host, by its process. */
function ownerWith(pid: number, startTicks: string): string {
  const [place, , , unique] = newOwner().split("|");
  return [place, pid, startTicks, unique].join("|");
}

const ticksOf = (pid: number) => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
};

/** A process that has ended, and whose parent does not want to know. */
async function zombie(): Promise<number> {
  // The child ends once its parent has become another program: a shell might take note of the end.
  const child = 'until read -r name < "/proc/$$/comm" && [ "$name" = sleep ]; do :; done';
  const script = `(${child}) & echo $!; exec sleep 600`;
  const parent = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  afterThisTest(() => parent.kill("SIGKILL"));
  const pid = Number(await firstLine(parent));
  await eventually(() => ticksOf(pid)[0] === "Z");
  return pid;
}

test("a run is taken at once when its owner's process id has been given to another process", async () => {
  const { root, runId } = left(ownerWith(process.pid, "1"));
  const server = await serve(root, { staleAfterMs: 600_000 });
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: 2 } });
});

test("a run is taken at once when its owner is a zombie", async () => {
  const pid = await zombie();
  const { root, runId } = left(ownerWith(pid, ticksOf(pid)[19]!));
  const server = await serve(root, { staleAfterMs: 600_000 });
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: 2 } });
});

test("a run stays with a live owner, and is cancelled by another server once the owner has been silent for too long", async () => {
  const { root, runId } = left(ownerWith(process.pid, ticksOf(process.pid)[19]!));
  const server = await serve(root, { staleAfterMs: 3_000, heartbeatMs: 50 });
  expect((await server.post(`/v1/runs/${runId}/resume`)).body.error?.code).toBe("RUN_IN_PROGRESS");
  await server.runs.cancel(runId);
  expect(await server.end(runId)).toMatchObject({ status: "cancelled", summary: { cancelled: 1 } });
});

test("a run whose owner is on another host is taken once it has been silent for too long", async () => {
  const { root, runId } = left("elsewhere/boot/ns|1|1|x");
  const server = await serve(root, { staleAfterMs: 500, heartbeatMs: 50 });
  expect((await server.run(runId)).status).toBe("running");
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: 2 } });
});
