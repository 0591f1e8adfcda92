import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

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
  const rootDir = join(folder, `server-${synchronous}`);
  mkdirSync(rootDir);
  await Bun.write(join(rootDir, "one.tsx"), oneTask);
  const server = spawn(process.execPath, [fileURLToPath(new URL("serve.ts", import.meta.url)), synchronous], {
    cwd: rootDir,
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const url = await firstLine(server.stdout);
    await followRuns(url, inFlight, 100);
    const start = performance.now();
    await followRuns(url, inFlight, total);
    return { runsPerSecond: (total / (performance.now() - start)) * 1000 };
  } finally {
    server.kill();
  }
}

async function firstLine(stdout: Readable): Promise<string> {
  for await (const line of createInterface(stdout)) return line;
  throw new Error("The server ended before it said where it listens.");
}

async function followRuns(url: string, inFlight: number, total: number): Promise<void> {
  let left = total;
  const worker = async () => {
    while (left-- > 0) {
      const response = await fetch(`${url}/v1/runs`, {
        method: "POST",
        body: JSON.stringify({ workflowPath: "one.tsx" }),
      });
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
