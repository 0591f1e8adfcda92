import type { Benchmark } from "../benchmark.ts";
import { inFlight } from "../client.ts";

export const memory: Benchmark = {
  name: "memory",
  title: "resident memory of the server",
  needsProcess: true,
  async run(bench) {
    const server = await bench.server();
    const { client } = server;
    const idle = await server.residentMb();
    const count = bench.size(10_000, 1_000);
    await inFlight(count, 16, () => client.complete("bench-one.tsx"));
    const worked = await server.residentMb();
    // This server has already done the same work, so the difference is the parked runs and not the warm-up.
    const other = await bench.server();
    await inFlight(bench.size(2_000, 200), 16, () => other.client.start("bench-approval.tsx"));
    const before = await other.residentMb();
    await inFlight(count, 16, () => other.client.start("bench-approval.tsx"));
    const after = await other.residentMb();
    const runs = count.toLocaleString("en");
    return [
      { what: "idle", value: idle, unit: "MB", atMost: 110 },
      { what: `after ${runs} runs`, value: worked, unit: "MB", atMost: 180 },
      { what: `added by ${runs} parked runs`, value: after - before, unit: "MB", atMost: 20 },
    ];
  },
};
