import { readFileSync } from "node:fs";
import { startBenchServer } from "./server.ts";

const waiting = `/** @jsxImportSource smithers-orchestrator */
import { Approval, approvalDecisionSchema, createSmithers, Workflow } from "smithers-orchestrator";
const { smithers, outputs } = createSmithers({ decision: approvalDecisionSchema });
export default smithers(() => (
  <Workflow name="waiting">
    <Approval id="ask" output={outputs.decision} request={{ title: "Go on?" }} />
  </Workflow>
));
`;

export interface Parked {
  /** Resident memory of the server, in MiB. */
  readonly before: number;
  readonly after: number;
  /** Milliseconds from the approval's request to the end of its stream, the median of 50. */
  readonly approveToFinished: number;
}

/** What `count` runs that wait for a person cost the server, and how fast a decision ends one of them. */
export async function parkedRuns(folder: string, count: number): Promise<Parked> {
  const server = await startBenchServer(folder, { "waiting.tsx": waiting });
  try {
    const start = async () => {
      const response = await fetch(`${server.url}/v1/runs`, {
        method: "POST",
        body: JSON.stringify({ workflowPath: "waiting.tsx" }),
      });
      return ((await response.json()) as { runId: string }).runId;
    };
    const runIds = await Promise.all(Array.from({ length: 200 }, start));
    const before = residentMiB(server.pid);
    while (runIds.length < count) runIds.push(...(await Promise.all(Array.from({ length: 100 }, start))));
    // What the starts themselves have left behind is given back when the server has nothing to do.
    await Bun.sleep(3_000);
    const after = residentMiB(server.pid);
    const latencies: number[] = [];
    for (const runId of runIds.slice(0, 50)) {
      const begin = performance.now();
      const path = `${server.url}/v1/runs/${runId}`;
      const events = fetch(`${path}/events`).then((response) => response.text());
      await fetch(`${path}/nodes/ask/approve`, { method: "POST" });
      await events;
      latencies.push(performance.now() - begin);
    }
    return { before, after, approveToFinished: latencies.sort((a, b) => a - b)[25]! };
  } finally {
    server.stop();
  }
}

function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}
