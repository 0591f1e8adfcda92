import { expect, test } from "bun:test";
import { forAllTests } from "../support/cleanup.ts";
import { smithers, startSmithers } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { workflowFile } from "../support/workflows.ts";

const files = {
  "talks.tsx": workflowFile(
    `<Parallel>
      <Task id="a" output={outputs.result}>{async () => {
        console.log("says %s", "a", { deep: [1, { two: 2 }] });
        await say("from a library");
        console.table([{ n: 1 }]);
        return { value: 1 };
      }}</Task>
      <Task id="b" output={outputs.result}>{async () => {
        const { warn } = console;
        warn("b warns");
        console.group("in b");
        console.error(new Error("b is worried").message);
        console.groupEnd();
        return { value: 2 };
      }}</Task>
      <Task id="own" output={outputs.result}>{() => {
        const console = { log: (text) => text.length };
        return { value: console.log("not printed") };
      }}</Task>
    </Parallel>`,
    { head: `import { say } from "./say.ts";\nconsole.log("while it is loaded");` },
  ),
  "silent.tsx": workflowFile(
    `<Task id="t" noRetry heartbeatTimeoutMs={200} output={outputs.result}>{async ({ signal }) => {
      while (!signal.aborted) { console.log("still here"); await new Promise((resolve) => setTimeout(resolve, 20)); }
    }}</Task>`,
  ),
  "say.ts": "export const say = async (text: string) => { await 1; console.info(text); };",
};

const shared = forAllTests(async () => {
  const root = folder(files);
  return { root, server: await ServerProcess.start(root, {}, { captureLog: true }) };
});

/** What each node has printed, by stream. */
async function printed(events: AsyncIterable<{ event: any }>): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for await (const { event } of events) {
    if (event.type !== "NodeOutput") continue;
    const key = `${event.nodeId} ${event.stream}`;
    texts[key] = (texts[key] ?? "") + event.text;
  }
  return texts;
}

test("what a task prints to the console is logged with its run and node, and still reaches the process's own", async () => {
  const { root, server } = shared();
  const runId = await server.start("talks.tsx", {}, { runId: "r" });
  const texts = await printed(server.events(runId));
  expect(texts).toEqual({
    "a stdout": expect.stringMatching(/^says a \{ deep: \[ 1, \{ two: 2 \} \] \}\nfrom a library\n.*index.* n .*1/s),
    "b stderr": "b warns\n  b is worried\n",
    "b stdout": "in b\n",
  });
  await eventually(() => server.log.includes("b warns\n"));
  const logs = await smithers(root, "logs", "r");
  expect(logs.out).toMatch(/ a says a \{/);
  expect(logs.out).toMatch(/ b b warns\n/);
  const ofA = await smithers(root, "logs", "r", "--node", "a");
  expect(ofA.out).toContain("from a library");
  expect(ofA.out).not.toContain("b warns");
});

test("the command that runs a workflow prints what it says as any program does", async () => {
  const up = startSmithers(["up", "talks.tsx"], { cwd: folder(files) });
  const { code, out, err } = await up.ended;
  expect(code).toBe(0);
  expect(out).toContain("while it is loaded\nsays a {");
  expect(err).toMatch(/^b warns$/m);
  expect(err).toMatch(/ a says a \{/);
});

test("a task that only talks is silent for its heartbeat limit", async () => {
  expect(await shared().server.complete("silent.tsx")).toMatchObject({ error: { code: "TASK_HEARTBEAT_TIMEOUT" } });
});
