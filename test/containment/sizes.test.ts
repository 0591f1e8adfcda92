import { expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { forAllTests } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { workflowFile } from "../support/workflows.ts";

const million = 1_000_000;
const big = `const big = "E".repeat(5_000_000);`;
const files = {
  "message.tsx": workflowFile(
    `<Task id="t" output={outputs.result} retries={3} retryPolicy={{ backoff: "fixed", initialDelayMs: 10 }}>
      {() => { throw Object.assign(new Error(big), { rows: Array.from({ length: 30_000 }, () => "row"), cause: new Error(big) }); }}
    </Task>`,
    { head: big },
  ),
  "heartbeat.tsx": workflowFile(
    `<Task id="t" output={outputs.result}>{(task) => { task.heartbeat({ progress: 1, blob: big }); return { value: 1 }; }}</Task>`,
    { head: big },
  ),
  "input.tsx": workflowFile(`<Task id="t" output={outputs.result}>{{ value: 1 }}</Task>`),
  "prompt.tsx": workflowFile(
    `<Task id="t" output={outputs.result} agent={{ generate: async ({ prompt }: any) => ({ output: { value: prompt.length } }) }}><p>{big}</p></Task>`,
    { head: big },
  ),
};

const serving = forAllTests(async () => {
  const root = folder(files);
  const server = await ServerProcess.start(root, { SMITHERS_LOG_LEVEL: "info" }, { captureLog: true });
  const storedBytes = () =>
    readdirSync(root)
      .filter((name) => name.startsWith("smithers.db"))
      .reduce((bytes, name) => bytes + statSync(join(root, name)).size, 0);
  const answerBytes = async (path: string) => {
    const response = await server.send("GET", path);
    return (await response.arrayBuffer()).byteLength;
  };
  return { server, storedBytes, answerBytes };
});

test("an error of many megabytes is cut wherever it is stored, answered and logged", async () => {
  const { server, storedBytes, answerBytes } = serving();
  const run = await server.complete("message.tsx", {}, { runId: "error" });
  expect(run.error).toMatchObject({ code: "TASK_FAILED", message: expect.stringMatching(/^E{1000,}… \[cut/) });
  expect(await answerBytes("/v1/runs?limit=5")).toBeLessThan(5_000);
  expect(await answerBytes("/v1/runs/error")).toBeLessThan(100_000);
  expect(await answerBytes("/v1/runs/error/nodes")).toBeLessThan(100_000);
  expect(await answerBytes("/v1/runs/error/events")).toBeLessThan(million);
  expect(storedBytes()).toBeLessThan(2 * million);
  expect(server.log.length).toBeLessThan(million);
  const [listed] = await server.allRuns();
  expect(listed!.error!.message).toMatch(/^E{500,}… \[cut/);
});

test("the data of a heartbeat is cut, and says so", async () => {
  const { server, storedBytes } = serving();
  const runId = await server.start("heartbeat.tsx");
  const { event } = await server.until(runId, ({ type }) => type === "TaskHeartbeat");
  expect(event).toMatchObject({
    data: { progress: 1, blob: expect.stringMatching(/^E{1000,}… \[cut/), truncated: true },
  });
  expect(JSON.stringify(event).length).toBeLessThan(20_000);
  await server.end(runId);
  expect(storedBytes()).toBeLessThan(2 * million);
});

test("a prompt of many megabytes reaches the agent whole, and is cut in the frame", async () => {
  const { server, storedBytes, answerBytes } = serving();
  const run = await server.complete("prompt.tsx", {}, { runId: "prompt" });
  expect((run.output as { value: number }).value).toBeGreaterThan(5 * million);
  expect(await answerBytes("/v1/runs/prompt/frames")).toBeLessThan(100_000);
  expect(storedBytes()).toBeLessThan(2 * million);
});

test("the list of runs costs nothing for their inputs", async () => {
  const { server, answerBytes } = serving();
  const ids = [];
  for (let index = 0; index < 5; index += 1) ids.push(await server.start("input.tsx", { text: "x".repeat(900_000) }));
  for (const runId of ids) await server.end(runId);
  expect(await answerBytes("/v1/runs?limit=5")).toBeLessThan(5_000);
});
