/**
 * A program that uses the package next to a server of its own; run by globals.test.ts, for the package may be loaded in
 * the test's process already. Prints what it sees as JSON. It has no JSX, which would load the package before it begins.
 */
import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/bun-sqlite";

type Snapshot = Map<string, unknown>;

const looked = [
  "Request",
  "Response",
  "Headers",
  "Promise",
  "Error",
  "Object",
  "Array",
  "Map",
  "String",
  "JSON",
  "console",
];

/** The own properties of the global object and of some of what it holds. */
function snapshot(): Snapshot {
  const seen: Snapshot = new Map();
  const note = (place: string, target: object | undefined) => {
    for (const key of target ? Reflect.ownKeys(target) : []) {
      const { get, value } = Object.getOwnPropertyDescriptor(target, key)!;
      seen.set(`${place}.${String(key)}`, get ?? value);
    }
  };
  note("globalThis", globalThis);
  for (const name of looked) {
    const held = (globalThis as unknown as Record<string, { prototype?: object }>)[name]!;
    note(name, held);
    note(`${name}.prototype`, held.prototype);
  }
  return seen;
}

function changes(before: Snapshot): string[] {
  const after = snapshot();
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => !before.has(name) || !Object.is(before.get(name), after.get(name)));
}

const before = snapshot();
const rootDir = mkdtempSync(join(tmpdir(), "smithers-globals-"));
const own = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async (request) => new Response(`own ${request instanceof Request} ${await request.text()}`),
});
const report: Record<string, unknown> = {};

async function look(when: string): Promise<void> {
  const file = join(rootDir, "written");
  await Bun.write(file, new Response("abc"));
  const copied = new Request("http://a/", { method: "POST", body: "text" });
  const response = new Response("streamed").body!;
  report[when] = {
    changed: changes(before),
    answer: await (await fetch(own.url, { method: "POST", body: "hello" })).text(),
    written: await Bun.file(file).text(),
    request: await new Request(copied).text(),
    streamed: await new Response(response).text(),
  };
}

await look("at first");
const { createServeApp, createSmithers, runWorkflow, startServer } = await import("smithers-orchestrator");
await import("smithers-orchestrator/server");
const { jsx } = await import("smithers-orchestrator/jsx-runtime");
const { z } = await import("zod");
await look("after import");

const { smithers, outputs, Workflow, Task } = createSmithers({ result: z.object({ ok: z.boolean() }) });
const task = jsx(Task, { id: "t", output: outputs.result, children: () => ({ ok: true }) });
const workflow = smithers(() => jsx(Workflow, { name: "globals", children: task }));
const db = join(rootDir, "smithers.db");
const { runId } = await runWorkflow(workflow, { db });
await look("after runWorkflow");

const database = new Database(db);
const server = startServer({ port: 0, rootDir, db: drizzle(database), authToken: "t", logLevel: "silent" });
if (!server.listening) await new Promise((resolve) => server.once("listening", resolve));
const { port } = server.address() as { port: number };
const headers = { Authorization: "Bearer t" };
const ask = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, { headers, ...init });
const statuses = [
  await ask("/health"),
  await ask(`/v1/runs/${runId}`),
  await ask(`/v1/runs/${runId}/events`),
  await ask("/metrics"),
  await ask(`/v1/runs/${runId}`, { method: "HEAD" }),
].map(({ status }) => status);
report.statuses = statuses;
await look("after startServer");

const app = createServeApp({ workflow, db, runId });
const served = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch });
report.served = await (await fetch(served.url)).json();
await look("after createServeApp");

await new Promise((resolve) => server.close(resolve));
await served.stop(true);
await app.close();
await look("after close");
await own.stop(true);
rmSync(rootDir, { recursive: true });
console.log(JSON.stringify(report));
