import type { Benchmark } from "../benchmark.ts";
import { quantile } from "../statistics.ts";

export const run: Benchmark = {
  name: "run",
  title: "one trivial run, from POST to RunFinished on the stream",
  needsProcess: false,
  async run(bench) {
    const client = await bench.client();
    for (let n = 0; n < bench.size(500, 100); n++) await client.complete("bench-one.tsx");
    bench.measureCommit();
    const latencies: number[] = [];
    for (let n = 0; n < bench.size(500, 100); n++) latencies.push(await client.complete("bench-one.tsx"));
    return [
      { what: "p50", value: quantile(latencies, 0.5), unit: "ms", atMost: 3 },
      { what: "p95", value: quantile(latencies, 0.95), unit: "ms", atMost: 8 },
    ];
  },
};
