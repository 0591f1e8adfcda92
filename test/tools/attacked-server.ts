/**
 * A server that is attacked by two commands of one of its runs. Prints what the second says. Their scripts and the
 * variables that they are given come as JSON by standard input; the current folder is the root.
 */
import { Database } from "bun:sqlite";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { createClient } from "smithers-orchestrator/client";
import { testedPackage } from "../support/tested-code.ts";

const { startServer } = await testedPackage();
const { script, earlier, env } = JSON.parse(readFileSync(0, "utf8"));
writeFileSync(
  "attack.tsx",
  `/** @jsxImportSource smithers-orchestrator */
import { bash, createSmithers, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import "./lib";
const { smithers, outputs } = createSmithers({ said: z.object({ text: z.string() }) });
const earlier = ${JSON.stringify(earlier)};
const script = ${JSON.stringify(script)};
const env = ${JSON.stringify({ ...env, SERVER: String(process.pid) })};
export default smithers(() => (
  <Workflow name="attack">
    <Task id="attack" output={outputs.said} noRetry>{async () => {
      // What it makes where the server would load it is undone, and its call fails.
      await bash(earlier, { env }).catch(() => {});
      return { text: await bash(script, { env }) };
    }}</Task>
  </Workflow>
));
`,
);
const server = startServer({ port: 0, maxWorkers: 1, db: drizzle(new Database("data/smithers.db", { create: true })) });
await once(server, "listening");
const { runs } = createClient({
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  token: process.env.SMITHERS_API_KEY,
});
const { runId } = await runs.start({ workflowPath: "attack.tsx" });
const run = await runs.wait(runId);
process.stdout.write((run.output as { text: string } | undefined)?.text ?? JSON.stringify(run));
await new Promise((resolve) => server.close(resolve));
