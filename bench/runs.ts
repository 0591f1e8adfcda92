import { startBenchServer } from "./server.ts";

export interface Throughput {
  readonly runsPerSecond: number;
}

/** One-task runs per second over HTTP against a server in a process of its own, each followed to its end. */
export async function runsInFlight(
  folder: string,
  synchronous: "full" | "normal",
  inFlight: number,
  total: number,
): Promise<Throughput> {
  const server = await startBenchServer(folder, { "one.tsx": oneTask }, synchronous);
  try {
    const { url } = server;
    await followRuns(url, inFlight, 100);
    const start = performance.now();
    await followRuns(url, inFlight, total);
    return { runsPerSecond: (total / (performance.now() - start)) * 1000 };
  } finally {
    server.stop();
  }
}

async function followRuns(url: string, inFlight: number, total: number): Promise<void> {
  let left = total;
  const worker = async () => {
    while (left-- > 0) {
      const response = await fetch(`${url}/v1/runs`, {
        method: "POST",
        body: JSON.stringify({ workflowPath: "one.tsx" }),
      });
      if (!response.ok) throw new Error(`POST /v1/runs answered ${response.status}: ${await response.text()}`);
      const { runId } = (await response.json()) as { runId: string };
      const events = await (await fetch(`${url}/v1/runs/${runId}/events`)).text();
      if (!events.includes('"RunFinished"')) throw new Error(`The run ${runId} did not finish: ${events}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

const oneTask = `/** @jsxImportSource smithers-orchestrator */
import { createSmithers, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";
const { smithers, outputs } = createSmithers({ result: z.object({ n: z.number() }) });
export default smithers(() => (
  <Workflow name="one">
    <Task id="one" output={outputs.result}>{async () => ({ n: 1 })}</Task>
  </Workflow>
));
`;
