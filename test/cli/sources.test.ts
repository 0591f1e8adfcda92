import { expect, test } from "bun:test";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { createElement } from "react";
import { createSmithers, Workflow } from "smithers-orchestrator";
import { nodeDetailSchema, nodeItemSchema, runDetailSchema, runListItemSchema } from "../../src/api/answers.ts";
import { frameSchema } from "../../src/model/entities.ts";
import { smithersEventSchema } from "../../src/model/event-schemas.ts";
import { startSmithers } from "../support/cli.ts";
import { cliWorkflows } from "../support/cli-workflows.ts";
import { withoutTimes } from "../support/clock.ts";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { bunServe, drizzleDatabase, serveApp } from "../support/serve-app.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const { smithers, smithersJson } = hostedCommands({ executes: true });

/** What the clock changes between two looks. */
const withoutClock = (text: string) => withoutTimes(text.replace(/"computedAt": "[^"]+"/g, '"computedAt": "…"'));

test("a database file and a running server give the same output", async () => {
  const root = folder(cliWorkflows);
  const server = await serve(root, { authToken: "secret" });
  for (const name of ["done", "broken"]) await server.complete(`./${name}.tsx`, {}, { runId: name });
  for (const name of ["release", "paid"]) {
    await server.start(`./${name}.tsx`, {}, { runId: name });
    await server.until(name, ({ type }) => type === "RunStatusChanged");
  }
  const lines = [
    "ps",
    "ps --json",
    "ps --status failed --limit 1",
    "inspect done",
    "inspect broken --json",
    "node broken publish",
    "node broken publish --json",
    "why release",
    "why paid --json",
    "logs broken",
    "events broken --type NodeFailed,RunFailed",
    "events done --after 2 --follow",
    "frames done",
    "frames broken --frame 1",
  ];
  const answers = lines.map(async (line) => {
    const places = [
      ["--db", "smithers.db"],
      ["--url", server.url, "--token", "secret"],
    ];
    const [file, http] = await Promise.all(places.map((place) => smithers(root, ...line.split(" "), ...place)));
    expect([line, file!.code, http!.code]).toEqual([line, 0, 0]);
    expect(file!.out.length).toBeGreaterThan(0);
    // Commands to be copied name the place that was asked.
    const http1 = http!.out.replaceAll(`--url ${server.url}`, "--db smithers.db");
    // A server's API gives no stack away.
    expect(withoutClock(http1)).toBe(withoutClock(withoutStack(file!.out)));
  });
  await Promise.all(answers);
});

test("logs shows a timer's duration, whenever it is read", async () => {
  const root = folder({ "nap.tsx": workflowFile(`<Timer id="nap" duration="1200ms" />`) });
  const up = startSmithers(["up", "nap.tsx", "--run-id", "r"], { cwd: root });
  const waits = / nap waiting 1\.2s, until \d{4}-/;
  await up.saysBeside(waits);
  expect((await up.ended).code).toBe(0);
  expect((await smithers(root, "logs", "r")).out).toMatch(waits);
});

test("a command that the server's API does not support says so", async () => {
  const root = folder(cliWorkflows);
  const server = await serve(root);
  const { code, err } = await smithers(root, "gc", "--url", server.url);
  expect({ code, err }).toEqual({
    code: 4,
    err: "smithers: The server's API does not support gc. Run the command where the database is, with --db instead of --url.\n",
  });
});

test("resume lets the server execute the run, and refuses options that say how to execute it here", async () => {
  const root = folder(cliWorkflows);
  const server = await serve(root);
  await server.complete("./broken.tsx", {}, { runId: "broken" });
  const resume = (...options: string[]) => smithers(root, "resume", "broken", "--url", server.url, ...options);
  const refused = await resume("--root", ".", "--allow-network");
  expect(refused).toMatchObject({
    code: 4,
    err: expect.stringContaining("--root and --allow-network cannot be used with --url"),
  });
  expect((await resume("--allow-network")).err).toContain("--allow-network cannot be used with --url");
  const events = await Array.fromAsync(server.events("broken"));
  renameSync(join(root, "broken.tsx"), join(root, "moved.tsx"));
  const moved =
    'There is no workflow file "broken.tsx".\nIf the file has moved, name it: smithers resume broken --workflow';
  for (const run of [resume(), smithers(root, "resume", "broken")]) {
    expect(await run).toMatchObject({ code: 4, err: expect.stringContaining(moved) });
  }
  expect(await resume("--workflow", "./moved.tsx")).toMatchObject({ code: 0, err: "" });
  const more = await Array.fromAsync(server.events("broken", { afterSeq: events.length }));
  expect(more.map(({ event }) => event.type)).toContain("RunFailed");
});

test("an unreachable server and a missing token are reported with advice", async () => {
  const root = folder(cliWorkflows);
  const server = await serve(root, { authToken: "secret" });
  const wrong = await startSmithers(["ps"], { cwd: root, env: { SMITHERS_URL: server.url, SMITHERS_API_KEY: "no" } })
    .ended;
  expect(wrong).toMatchObject({ code: 4, err: expect.stringContaining("--token, or set SMITHERS_API_KEY") });
  const right = { SMITHERS_URL: server.url, SMITHERS_API_KEY: "secret" };
  expect((await startSmithers(["ps"], { cwd: root, env: right }).ended).code).toBe(0);
  await server.close();
  expect(await startSmithers(["ps"], { cwd: root, env: right }).ended).toMatchObject({
    code: 1,
    err: `smithers: No server answers at ${server.url}.\nCheck the address, and that the server is running.\n`,
  });
});

test("logs --follow continues after the server has restarted", async () => {
  const root = folder(cliWorkflows);
  const first = await ServerProcess.start(root, withoutWorkers);
  await first.start("./release.tsx", {}, { runId: "release" });
  const command = startSmithers(["events", "release", "--follow", "--url", first.url], { cwd: root });
  await command.says(/ApprovalRequested/);
  await first.kill();
  const second = await ServerProcess.start(root, {
    SERVE_OPTIONS: JSON.stringify({ port: Number(new URL(first.url).port), isolation: "none" }),
  });
  await second.approvals.approve("release", "ship");
  const { code, out } = await command.ended;
  const seqs = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).seq);
  expect(code).toBe(0);
  expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  expect(out).toContain("RunFinished");
});

test("a run that up --serve serves is read by its address", async () => {
  const root = folder(cliWorkflows);
  const up = startSmithers(["up", "release.tsx", "--serve", "--port", "0", "--run-id", "release"], { cwd: root });
  await up.saysBeside(/Serving the run release at http/);
  const url = /http:\/\/\S+/.exec(up.printed.err)![0];
  expect(await smithersJson(root, "ps", "--url", url)).toMatchObject([{ runId: "release" }]);
  expect(await smithersJson(root, "inspect", "release", "--url", url)).toMatchObject({ runId: "release" });
});

test("the address of an app for a single run is recognised", async () => {
  const { smithers: define } = createSmithers({});
  const workflow = define(() => createElement(Workflow, { name: "one" }));
  const url = bunServe(serveApp({ workflow, db: drizzleDatabase(), runId: "one" }));
  for (const line of [["ps"], ["inspect", "one"]]) {
    const { code, err } = await smithers(folder(), ...line, "--url", url);
    expect({ code, err }).toEqual({
      code: 4,
      err: `smithers: ${url} does not serve a list of runs. It may serve a single run, as createServeApp does; read its database with --db.\n`,
    });
  }
});

test("--json prints the shapes of the HTTP API", async () => {
  const root = folder(cliWorkflows);
  const server = await serve(root);
  await server.complete("./broken.tsx", {}, { runId: "broken" });
  await server.start("./release.tsx", {}, { runId: "release" });
  await server.until("release", ({ type }) => type === "RunStatusChanged");
  for (const runId of ["broken", "release"]) {
    runListItemSchema
      .strict()
      .array()
      .parse(await smithersJson(root, "ps"));
    const { nodes, ...run } = await smithersJson(root, "inspect", runId);
    runDetailSchema.strict().parse(run);
    nodeItemSchema.strict().array().nonempty().parse(nodes);
    // The stack is for people at the machine: no answer of a server has it.
    const { events, stack: _, ...node } = await smithersJson(root, "node", runId, "publish");
    nodeDetailSchema.strict().parse(node);
    smithersEventSchema.array().parse(events);
    frameSchema
      .strict()
      .array()
      .nonempty()
      .parse(await smithersJson(root, "frames", runId));
    const { out } = await smithers(root, "events", runId);
    const lines = out.trim().split("\n");
    for (const [index, line] of lines.entries()) {
      const { seq, ...event } = JSON.parse(line);
      expect(seq).toBe(index + 1);
      smithersEventSchema.parse(event);
    }
    expect((await smithers(root, "logs", runId, "--json")).out).toBe(out);
  }
});

/** The output of `smithers node` without the stack, as text or JSON. */
function withoutStack(out: string): string {
  return out.replace(/^Stack .*\n(?: {5,}at .*\n)*/m, "").replace(/^ {2}"stack": .*\n/m, "");
}
