import type { Bench, Benchmark } from "../benchmark.ts";
import { type Client, inFlight } from "../client.ts";

export const throughput: Benchmark = {
  name: "throughput",
  title: "trivial runs per second",
  needsProcess: false,
  async run(bench) {
    const client = await bench.client();
    await runsPerSecond(client, 16, bench.size(1_000, 200));
    const total = bench.size(2_000, 400);
    const figures = [];
    for (const width of [1, 4, 16, 64]) {
      bench.measureCommit();
      const value = await best(bench, () => runsPerSecond(client, width, width === 1 ? total / 4 : total));
      figures.push({ what: `${width} in flight`, value, unit: "runs/s", ...(width === 16 ? { atLeast: 700 } : {}) });
    }
    const alone = figures[2]!.value;
    await inFlight(1_000, 16, () => client.start("bench-approval.tsx"));
    bench.measureCommit();
    const crowded = await best(bench, () => runsPerSecond(client, 16, total));
    return [
      ...figures,
      { what: "16 in flight, with 1,000 parked runs", value: crowded, unit: "runs/s" },
      { what: "  compared with none parked", value: crowded / alone, unit: "times", atLeast: 0.9 },
    ];
  },
};

async function runsPerSecond(client: Client, width: number, total: number): Promise<number> {
  const begin = performance.now();
  await inFlight(total, width, () => client.complete("bench-one.tsx"));
  return (total / (performance.now() - begin)) * 1_000;
}

async function best(bench: Bench, round: () => Promise<number>): Promise<number> {
  let highest = 0;
  for (let n = 0; n < bench.size(3, 1); n++) highest = Math.max(highest, await round());
  return highest;
}
