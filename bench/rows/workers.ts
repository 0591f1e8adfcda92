import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, Benchmark } from "../benchmark.ts";
import { type Client, inFlight } from "../client.ts";
import { quantile } from "../statistics.ts";

const file = "bench-one.tsx";

export const workers: Benchmark = {
  name: "workers",
  title: "worker processes, compared with isolation: none",
  needsProcess: true,
  async run(bench) {
    const server = await bench.server();
    const { client } = server;
    const first = await client.complete(file);
    const idle = { server: await server.residentMb(), worker: Math.max(...server.workersMb()) };
    const alone = await compare(bench, client);
    const calm = await latencies(client, bench.size(200, 50));
    await client.start("bench-blocking.tsx");
    await sleep(500);
    const beside = await latencies(client, bench.size(200, 50));
    return [
      { what: "first run after the start", value: first, unit: "ms", atMost: 400 },
      { what: "server, idle", value: idle.server, unit: "MB", atMost: 90 },
      { what: "worker, idle", value: idle.worker, unit: "MB", atMost: 70 },
      { what: "one trivial run, p50", value: alone.run, unit: "times", atMost: 1.15 },
      { what: "throughput with 16 in flight", value: alone.throughput, unit: "times", atLeast: 1.2 },
      {
        what: "added to a run of another file, p95, by a blocked worker",
        value: Math.max(0, quantile(beside, 0.95) - quantile(calm, 0.95)),
        unit: "ms",
        atMost: 50,
      },
    ];
  },
};

/** Measures both ways in turns, so that what else the machine does meets both. */
async function compare(bench: Bench, inWorkers: Client): Promise<{ run: number; throughput: number }> {
  const { client: inServer } = await bench.server({ isolation: "none" });
  const both = [inWorkers, inServer];
  const rounds = both.map(() => ({ ms: [] as number[], perSecond: 0 }));
  for (const client of both) await latencies(client, bench.size(300, 50));
  for (let n = 0; n < bench.size(5, 2); n++) {
    for (const [index, client] of both.entries()) {
      const round = rounds[index]!;
      round.ms.push(...(await latencies(client, bench.size(200, 50))));
      const total = bench.size(1_000, 200);
      const begin = performance.now();
      await inFlight(total, 16, () => client.complete(file));
      round.perSecond = Math.max(round.perSecond, (total / (performance.now() - begin)) * 1_000);
    }
  }
  const [workers, server] = rounds as [(typeof rounds)[0], (typeof rounds)[0]];
  return {
    run: quantile(workers.ms, 0.5) / quantile(server.ms, 0.5),
    throughput: workers.perSecond / server.perSecond,
  };
}

async function latencies(client: Client, count: number): Promise<number[]> {
  const ms: number[] = [];
  for (let n = 0; n < count; n++) ms.push(await client.complete(file));
  return ms;
}
