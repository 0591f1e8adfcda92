import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { type Fault, faultEnv } from "../support/fault.ts";
import { folder } from "../support/folder.ts";
import { testWithBash } from "../support/mechanisms.ts";
import { pauseBetweenCommits } from "../support/pause.ts";
import { ServerProcess } from "../support/process.ts";
import { processesIn } from "../support/sandboxed.ts";
import { workflowFile } from "../support/workflows.ts";

const note = `const note = (...words) => appendFileSync("ledger", words.join(" ") + "\\n");`;
const gated = workflowFile(
  `<Task id="first" output={outputs.result}>{async (task) => { note(task.attempt, "start"); await fileAt("go"); note(task.attempt, "end"); return { value: task.attempt }; }}</Task>
   <Task id="second" output={outputs.result}>{{ value: "end" }}</Task>`,
  { head: note },
);

const servers = (root: string, options: object = {}, fault?: Fault) =>
  ServerProcess.start(root, {
    SERVE_OPTIONS: JSON.stringify({ heartbeatMs: 50, staleAfterMs: 400, ...options }),
    ...faultEnv(fault),
  });

/** For tests of what happens to a server that executes runs itself; test/workers has those of worker processes. */
const inProcess = { isolation: "none" };

const ledger = (root: string) => (existsSync(join(root, "ledger")) ? readFileSync(join(root, "ledger"), "utf8") : "");

async function untilNoted(root: string, line: string): Promise<void> {
  await eventually(() => ledger(root).includes(line));
}

async function eventsOf(server: ServerProcess, runId: string) {
  const events: { id: number; type: string }[] = [];
  for await (const { id, event } of server.events(runId)) events.push({ id, type: event.type });
  expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
  return events.map(({ type }) => type);
}

test.each([
  ["with workers", { maxWorkers: 1 }],
  ["without workers", inProcess],
])(
  "an owner %s that was paused past its lease writes nothing to the run that another server has finished",
  async (_, options) => {
    const root = folder({ "gated.tsx": gated });
    const paused = await servers(root, options);
    const runId = await paused.start("gated.tsx");
    await untilNoted(root, "1 start");
    const followed = eventsOf(paused, runId);
    await pauseBetweenCommits(paused.child, join(root, "smithers.db"));
    const other = await servers(root, options);
    await untilNoted(root, "2 start");
    writeFileSync(join(root, "go"), "");
    expect(await other.end(runId)).toMatchObject({ status: "finished", output: { value: "end" } });
    const events = await eventsOf(other, runId);

    paused.child.kill("SIGCONT");
    // Its task continues where it was, and its result no longer counts.
    await untilNoted(root, "1 end");
    expect(await eventsOf(paused, runId)).toEqual(events);
    // Also one that has followed the run since before the pause is told of its end.
    expect(await followed).toEqual(events);
    expect(await other.nodes(runId)).toMatchObject([
      { attempt: 2, output: { value: 2 } },
      { output: { value: "end" } },
    ]);
    expect(events.filter((type) => type === "NodeFinished")).toHaveLength(2);
  },
);

test("an owner that was paused between its commit and the launch of what it recorded launches nothing", async () => {
  const root = folder({ "gated.tsx": gated, go: "" });
  const paused = await servers(root, inProcess, { point: "before-launch", nth: 1, signal: "SIGSTOP" });
  const asked = paused.start("gated.tsx", {}, { runId: "paused" });
  const other = await servers(root, inProcess);
  await untilNoted(root, "2 start");
  expect((await other.end("paused")).status).toBe("finished");
  paused.child.kill("SIGCONT");
  await asked;
  expect((await paused.end("paused")).status).toBe("finished");
  expect(ledger(root)).not.toContain("1 start");
});

const mostStarts = 20;

/** Starts servers, one after the other as each is killed, until the run has ended. */
async function restartUntilEnded(root: string, runId: string, options?: object) {
  for (let starts = 1; starts <= mostStarts; starts++) {
    const server = await servers(root, options).catch(() => undefined);
    if (!server) continue;
    const ended = server.end(runId).then(
      ({ status }) => status === "failed",
      () => false,
    );
    if (await Promise.race([ended, server.gone.then(() => false)])) return { server, starts };
    await server.gone;
  }
  throw new Error(`The run has not ended after ${mostStarts} starts.`);
}

test("a run that kills every process that executes it fails in the end, and other runs finish", async () => {
  const killing = workflowFile(
    `{existsSync("armed") && process.kill(process.pid, "SIGKILL")}<Task id="a" output={outputs.result}>{() => fileAt("never")}</Task>`,
    { head: note },
  );
  const root = folder({ "killing.tsx": killing, "gated.tsx": gated });
  const first = await servers(root, inProcess);
  const poison = await first.start("killing.tsx");
  const innocent = await first.start("gated.tsx");
  await untilNoted(root, "1 start");
  writeFileSync(join(root, "armed"), "");
  await first.kill();

  const { server, starts } = await restartUntilEnded(root, poison, inProcess);
  expect(starts).toBe(6);
  expect((await server.run(poison)).error).toMatchObject({ code: "CRASH_LOOP" });
  writeFileSync(join(root, "go"), "");
  expect((await server.end(innocent)).status).toBe("finished");
});

test("a task that ends its process each time fails after as many attempts as maxCrashes allows", async () => {
  const root = folder({
    "killing.tsx": workflowFile(
      `<Task id="a" output={outputs.result}>{() => { process.kill(process.pid, "SIGKILL"); return { value: 1 }; }}</Task>`,
    ),
  });
  const options = { ...inProcess, maxCrashes: 2 };
  const first = await servers(root, options);
  await first.start("killing.tsx", {}, { runId: "killing" }).catch(() => {});
  await first.gone;
  const { server } = await restartUntilEnded(root, "killing", options);
  expect((await server.run("killing")).error).toMatchObject({ code: "ATTEMPT_LOST", nodeId: "a" });
  expect(await server.nodes("killing")).toMatchObject([{ state: "failed", attempt: 2 }]);
});

testWithBash(
  "a server that is asked to end gives its runs up with their commands, and the next one continues them at once",
  async () => {
    const root = folder({
      "shell.tsx": workflowFile(
        `<Task id="a" output={outputs.result}>{async (task) => ({ value: task.attempt === 1 ? await bash("touch began; sleep 60") : "again" })}</Task>`,
      ),
    });
    const options = { staleAfterMs: 60_000, maxWorkers: 1 };
    const first = await servers(root, { ...options, shutdownGraceMs: 50 });
    const runId = await first.start("shell.tsx");
    await eventually(() => existsSync(join(root, "began")));
    await first.stop("SIGTERM");
    expect(first.child.signalCode).toBe("SIGTERM");
    expect(processesIn(root)).toEqual([]);
    const second = await servers(root, options);
    expect(await second.end(runId)).toMatchObject({ status: "finished", output: { value: "again" } });
  },
);
