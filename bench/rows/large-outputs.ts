import type { Benchmark } from "../benchmark.ts";
import { inFlight } from "../client.ts";
import type { BenchServer } from "../server.ts";

export const largeOutputs: Benchmark = {
  name: "large-outputs",
  title: "memory that large outputs add to the server, at the peak",
  needsProcess: true,
  async run(bench) {
    const server = await bench.server();
    const { client } = server;
    await client.complete("bench-one.tsx");
    const before = server.residentNowMb();
    const count = bench.size(200, 20);
    const added = (work: () => Promise<unknown>) => addedBy(server, before, work);
    const runId = await client.start("bench-large.tsx", { length: count });
    const read = async (n: number) => client.bytes(`/v1/runs/${runId}/nodes/task${n}`);
    const written = await added(() => client.finished(runId));
    const oneByOne = await added(() => inFlight(count, 1, read));
    const together = await added(() => inFlight(count, 16, read));
    const outputs = `${count} outputs of 5 MB`;
    return [
      { what: `${outputs} written`, value: written, unit: "MB", atMost: 150 },
      { what: `${outputs} read, one by one`, value: oneByOne, unit: "MB", atMost: 150 },
      { what: `${outputs} read, 16 at once`, value: together, unit: "MB", atMost: 150 },
    ];
  },
};

async function addedBy(server: BenchServer, before: number, work: () => Promise<unknown>): Promise<number> {
  server.resetPeak();
  await work();
  return server.peakMb() - before;
}
