import type { Benchmark } from "../benchmark.ts";
import type { Client } from "../client.ts";
import { quantile } from "../statistics.ts";

export const stream: Benchmark = {
  name: "stream",
  title: "event latency, from commit to an open stream",
  needsProcess: false,
  async run(bench) {
    const client = await bench.client();
    bench.measureCommit();
    const one = await lags(client, 1, bench.size(300, 60));
    bench.measureCommit();
    const many = await lags(client, 500, bench.size(20, 8));
    return [
      { what: "p50", value: quantile(one, 0.5), unit: "ms" },
      { what: "p95", value: quantile(one, 0.95), unit: "ms", atMost: 5 },
      { what: "p95 with 500 streams", value: quantile(many, 0.95), unit: "ms", atMost: 50 },
    ];
  },
};

/**
 * Latency of each event of a run of `length` paced steps, for each of `streams` readers. It starts at the event's
 * timestamp, which is the start of its turn in whole milliseconds, so it includes the commit.
 */
async function lags(client: Client, streams: number, length: number): Promise<number[]> {
  // The first steps pass while the streams are being opened.
  const spare = streams > 1 ? 40 : 5;
  const runId = await client.start("bench-paced.tsx", { length: length + spare, pauseMs: streams > 1 ? 100 : 10 });
  let open = 0;
  const all: number[] = [];
  const read = async () => {
    for await (const { type, timestampMs, receivedMs } of client.events(runId, () => void (open += 1))) {
      if (open === streams && type.startsWith("Node") && type !== "NodePending") all.push(receivedMs - timestampMs);
    }
  };
  const readers = Array.from({ length: streams }, read);
  await Promise.all(readers);
  return all;
}
