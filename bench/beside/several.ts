import { join } from "node:path";
import { inFlight } from "../client.ts";
import type { BenchPostgres } from "../postgres.ts";
import { BenchServer } from "../server.ts";
import { median, quantile } from "../statistics.ts";
import type { Ours } from "./contestants.ts";

/** How long after its commit an event of a run on the first server is read from the second server's stream, in ms. */
export async function streamMs({ servers }: Ours, count: number): Promise<[p50: number, p95: number]> {
  const [first, second] = [servers[0]!.client, servers[1]!.client];
  const runId = await first.start("bench-paced.tsx", { length: count, pauseMs: 20 });
  // An event is on its own server's stream as soon as it is committed.
  const near = new Map<string, number>();
  const far = new Map<string, number>();
  const read = async (client: typeof first, into: Map<string, number>) => {
    for await (const { type, nodeId, receivedMs } of client.events(runId)) into.set(`${type} ${nodeId}`, receivedMs);
  };
  await Promise.all([read(first, near), read(second, far)]);
  const late = [...far].flatMap(([key, ms]) => (key.startsWith("NodeFinished") ? [ms - near.get(key)!] : []));
  return [quantile(late, 0.5), quantile(late, 0.95)];
}

/** How long after the first server was killed the second one has started an attempt of its run, in ms. */
export async function takeOverMs({ servers }: Ours): Promise<number> {
  const [first, second] = servers;
  const runId = await first!.client.start("bench-paced.tsx", { length: 2, pauseMs: 10_000 });
  await first!.client.until(runId, ({ type }) => type === "NodeStarted");
  // Its lock is in place, and the other server has looked at it.
  await Bun.sleep(5_000);
  const again = second!.client.until(runId, ({ type, attempt }) => type === "NodeStarted" && attempt === 2);
  const begin = performance.now();
  await first!.kill();
  await again;
  return performance.now() - begin;
}

/** Runs of one task of 50 ms per second: with one server that executes 16 at once, and with two, in turns. */
export async function spread(folder: string, postgres: BenchPostgres, rounds: number): Promise<[number, number]> {
  const start = async (name: string, count: number) => {
    const db = await postgres.createDatabase(name);
    const servers: BenchServer[] = [];
    for (let n = 0; n < count; n++) {
      servers.push(await BenchServer.start(join(folder, name), { db, maxConcurrency: 16 }));
    }
    return servers;
  };
  const setups = [await start("alone", 1), await start("together", 2)] as const;
  const figures: [number[], number[]] = [[], []];
  const total = 600;
  const round = async (servers: readonly BenchServer[]) => {
    const begin = performance.now();
    await inFlight(total, 64, (n) =>
      servers[n % servers.length]!.client.complete("bench-paced.tsx", { length: 1, pauseMs: 50 }),
    );
    return (total / (performance.now() - begin)) * 1_000;
  };
  try {
    for (const servers of setups) await round(servers);
    for (let n = 0; n < rounds; n++) for (const at of [0, 1] as const) figures[at].push(await round(setups[at]));
  } finally {
    for (const server of setups.flat()) await server.stop();
  }
  return [median(figures[0]), median(figures[1])];
}
