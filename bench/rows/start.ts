import type { Benchmark } from "../benchmark.ts";
import { inFlight } from "../client.ts";

export const start: Benchmark = {
  name: "start",
  title: "server start, from spawn to the first answer",
  needsProcess: true,
  async run(bench) {
    const starts = async (rootDir?: string) => {
      const rounds: number[] = [];
      for (let n = 0; n < bench.size(7, 3); n++) {
        const server = await bench.server({ rootDir });
        rounds.push(server.startMs);
        await server.stop();
      }
      return Math.min(...rounds);
    };
    const empty = await starts();
    const server = await bench.server({ synchronous: "normal" });
    const { client } = server;
    await inFlight(bench.size(10_000, 1_000), 16, () => client.complete("bench-one.tsx"));
    await inFlight(bench.size(1_000, 100), 16, () => client.start("bench-approval.tsx"));
    await server.stop();
    return [
      { what: "with an empty database", value: empty, unit: "ms", atMost: 250 },
      {
        what: `with ${bench.size(10_000, 1_000).toLocaleString("en")} ended and ${bench.size(1_000, 100).toLocaleString("en")} parked runs`,
        value: await starts(server.rootDir),
        unit: "ms",
        atMost: 250,
      },
    ];
  },
};
