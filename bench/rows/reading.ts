import { setTimeout as sleep } from "node:timers/promises";
import { runPath } from "../../src/client/http.ts";
import type { Bench, Benchmark, Figure } from "../benchmark.ts";
import type { Client } from "../client.ts";
import type { BenchServer } from "../server.ts";
import type { WorkflowName } from "../workflows.ts";

const lengths = [1_000, 2_500, 5_000];

export const reading: Benchmark = {
  name: "reading",
  title: "a step of a tree of 1,000, 2,500, 5,000 that reads every result",
  needsProcess: true,
  async run(bench) {
    const figures: Figure[] = [];
    const steps = await cpuMsPerStep(bench, "bench-reading.tsx", lengths);
    for (const [index, length] of lengths.entries()) {
      figures.push({
        what: `of ${length}, processor time of the server and its worker`,
        value: steps[index]!,
        unit: "ms",
      });
    }
    const [literals] = await cpuMsPerStep(bench, "bench-reading-literals.tsx", [5_000]);
    return [...figures, { what: "of 5000 literals", value: literals!, unit: "ms" }];
  },
};

/** Processor time of a step of runs of these lengths, in ms. Elapsed time would tell more of the disk. */
async function cpuMsPerStep(bench: Bench, file: WorkflowName, lengths: readonly number[]): Promise<number[]> {
  // A server of its own: a worker that has nothing to do for a minute ends, and takes its figures with it.
  const server = await bench.server();
  for (let n = 0; n < 3; n++) await server.client.complete(file, { length: bench.size(500, 100) });
  const measured: number[] = [];
  for (const length of lengths) measured.push(await leastCpuMs(server, file, length, bench.size(3, 1)));
  await server.stop();
  return measured;
}

/** The least of some runs; of long runs there is one. */
async function leastCpuMs(server: BenchServer, file: WorkflowName, length: number, rounds: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let n = 0; n < (length > 1_000 ? 1 : rounds); n++) {
    const before = server.treeCpuMs();
    await ended(server.client, await server.client.start(file, { length }));
    least = Math.min(least, (server.treeCpuMs() - before) / length);
  }
  return least;
}

/** Asks until a run has ended. Its events are not read: to send all of them would be measured too. */
async function ended(client: Client, runId: string): Promise<void> {
  for (;;) {
    const { status } = await client.get<{ status: string }>(runPath(runId));
    if (status === "finished") return;
    if (status !== "running") throw new Error(`The run ${runId} is ${status}.`);
    await sleep(500);
  }
}
