import { expect } from "bun:test";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { forAllTests } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { fencesOf } from "../support/page.ts";
import { needs } from "../support/programs.ts";
import { serveWithoutWorkers as serve, type TestServer } from "../support/server.ts";

const test = needs("curl");

/** docs/waiting.md: each workflow of the page is started, and the calls of the page are made on it. */
const fences = fencesOf("docs/waiting.md");
const files = Object.fromEntries(
  fences.filter(({ language }) => language === "tsx").map(({ title, text }) => [title, text]),
);
const callsOn = (title: string) =>
  fences
    .filter((fence) => fence.language === "sh" && fence.title === title)
    .flatMap(({ text }) => text.trim().split("\n"));

const shared = forAllTests(() => serve(folder(files)));

const shell = promisify(execFile);

/** Makes each call once the run waits again, as a person would, and gives what they printed. */
async function call(server: TestServer, runId: string, calls: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  let seen = 0;
  for (const line of calls) {
    const { id } = await server.until(runId, ({ type }) => type.startsWith("NodeWaiting"), seen);
    if (line.includes("$RUN")) seen = id;
    const env = { ...process.env, SMITHERS: server.url, RUN: runId };
    const { stdout } = await shell("bash", ["-c", line.replace("curl ", "curl --silent --show-error ")], { env });
    expect(JSON.parse(stdout).error).toBeUndefined();
    answers.push(stdout);
  }
  return answers;
}

async function follow(title: string, input: unknown = {}) {
  const server = shared();
  const runId = await server.start(title, input);
  const answers = await call(server, runId, callsOn(title));
  return { server, runId, answers, run: await server.end(runId) };
}

test("a run waits for a person who reads the list and approves", async () => {
  const { run, answers } = await follow("deploy.tsx");
  expect(answers[0]).toContain("Deploy app:42?");
  expect(run).toMatchObject({ status: "finished", output: { image: "app:42", by: "ann" } });
});

test("a person selects and ranks", async () => {
  const { server, runId } = await follow("pick.tsx");
  expect((await server.nodes(runId)).map(({ output }) => output)).toEqual([
    { selected: "large", notes: "worth it" },
    { ranked: ["b", "a"], notes: null },
  ]);
});

test("a person answers until the answer fits", async () => {
  const { run } = await follow("merge.tsx");
  expect(run).toMatchObject({ status: "finished", output: { approved: true, comments: "Well done" } });
});

test("a draft is reviewed until it is good enough", async () => {
  const { server, runId, run } = await follow("review.tsx");
  expect(run.status).toBe("finished");
  expect((await server.nodes(runId)).map(({ nodeId, output }) => output && [nodeId, output])).toMatchObject([
    ["write", { text: "A draft" }],
    ["write", { text: "A draft with less jargon" }],
    ["review", { approved: false }],
    ["review", { approved: true }],
  ]);
});

test("a task asks before it starts", async () => {
  expect((await follow("drop.tsx")).run).toMatchObject({ status: "finished", output: { tables: 3 } });
});

test("an order waits for its payment and its address", async () => {
  const { run } = await follow("order.tsx", { orderId: "A-17" });
  expect(run).toMatchObject({ status: "finished", output: { text: "Kungsgatan 1, Uppsala" } });
});

test("a reminder waits for its date", async () => {
  const at = new Date(Date.now() + 200).toISOString();
  const { run } = await follow("reminder.tsx", { at });
  expect(run).toMatchObject({ status: "finished", output: { at } });
  expect(run.finishedAtMs).toBeGreaterThanOrEqual(Date.parse(at));
});

test("every example of the page is one of these", () => {
  expect(Object.keys(files)).toEqual([
    "deploy.tsx",
    "pick.tsx",
    "merge.tsx",
    "review.tsx",
    "drop.tsx",
    "order.tsx",
    "reminder.tsx",
  ]);
});
