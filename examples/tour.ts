/**
 * A run from outside: starts a server, posts a workflow, streams its events, grants an approval and reads the result. Only
 * the first lines start the server; the rest goes over HTTP.
 */
import { Database } from "bun:sqlite";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { startServer } from "smithers-orchestrator";
import { createClient } from "smithers-orchestrator/client";
import type release from "./release.tsx";

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

const client = createClient({ url, token: "tour" });
const { runId } = await client.runs.start<typeof release>({
  workflowPath: "./release.tsx",
  input: { folder: join(import.meta.dir, "sample-repo"), version: "1.4.0", manifest: join(folder, "release.json") },
});
console.log(`POST /v1/runs started ${runId}. Its events:`);

for await (const event of client.runs.events(runId)) {
  const what = "nodeId" in event ? event.nodeId : "status" in event ? event.status : "";
  console.log(`  ${event.type.padEnd(20)} ${what}`);
  if (event.type === "ApprovalRequested") await approve(event.nodeId);
}

async function approve(nodeId: string): Promise<void> {
  const [asked] = await client.approvals.list();
  console.log(`  A person is asked: ${asked?.requestTitle} (${asked?.requestSummary}) The tour approves.`);
  await client.approvals.approve(runId, nodeId, { decidedBy: "tour" });
}

const run = await client.runs.get(runId);
if (run.status === "finished") console.log("The run has finished. Its output:", run.output);
else {
  process.exitCode = 1;
  console.error(`The run is ${run.status}${run.error ? `: ${run.error.code}: ${run.error.message}` : "."}`);
}
await new Promise((resolve) => server.close(resolve));
rmSync(folder, { recursive: true });
