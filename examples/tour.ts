/**
 * The main job, from outside: a server starts, a workflow is posted, its events are streamed, an approval is
 * granted, and the result is read. Everything below the first lines is plain HTTP.
 */
import { Database } from "bun:sqlite";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { startServer } from "smithers-orchestrator";

const folder = mkdtempSync(join(tmpdir(), "smithers-tour-"));
const server = startServer({
  port: 0,
  db: drizzle(new Database(join(folder, "smithers.db"), { create: true })),
  authToken: "tour",
  rootDir: import.meta.dir,
  logLevel: "warn",
});
await once(server, "listening");
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
console.log(`The server listens on ${url}.`);

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: "Bearer tour", "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer as T;
}

const { runId } = await call<{ runId: string }>("POST", "/v1/runs", {
  workflowPath: "./release.tsx",
  input: { folder: join(import.meta.dir, "sample-repo"), version: "1.4.0", manifest: join(folder, "release.json") },
});
console.log(`POST /v1/runs has started ${runId}. Its events:`);

const events = await fetch(`${url}/v1/runs/${runId}/events`, { headers: { authorization: "Bearer tour" } });
let text = "";
for await (const chunk of events.body!.pipeThrough(new TextDecoderStream())) {
  text += chunk;
  const blocks = text.split("\n\n");
  text = blocks.pop()!;
  for (const block of blocks) {
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (data === undefined) continue;
    const event = JSON.parse(data);
    console.log(`  ${event.type.padEnd(20)} ${event.nodeId ?? event.status ?? ""}`);
    if (event.type === "ApprovalRequested") await approve(event.nodeId);
  }
}

async function approve(nodeId: string): Promise<void> {
  type Pending = { approvals: { requestTitle: string; requestSummary: string }[] };
  const { approvals } = await call<Pending>("GET", "/v1/approvals");
  console.log(
    `  A person is asked: ${approvals[0]?.requestTitle} (${approvals[0]?.requestSummary}) Yes, says the tour.`,
  );
  await call("POST", `/v1/runs/${runId}/nodes/${nodeId}/approve`, { decidedBy: "tour" });
}

const run = await call<{ status: string; output?: unknown; error?: { code: string; message: string } }>(
  "GET",
  `/v1/runs/${runId}`,
);
if (run.status === "finished") console.log("The run has finished. Its output:", run.output);
else {
  process.exitCode = 1;
  console.error(`The run is ${run.status}${run.error ? `: ${run.error.code}: ${run.error.message}` : "."}`);
}
await new Promise((resolve) => server.close(resolve));
rmSync(folder, { recursive: true });
