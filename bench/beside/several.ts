import { quantile } from "../statistics.ts";
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
