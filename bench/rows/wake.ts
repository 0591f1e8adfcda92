import type { Benchmark } from "../benchmark.ts";
import { type Client, inFlight } from "../client.ts";
import { quantile } from "../statistics.ts";
import type { WorkflowName } from "../workflows.ts";

export const wake: Benchmark = {
  name: "wake",
  title: "a parked run, from approval or signal to RunFinished",
  needsProcess: false,
  async run(bench) {
    const client = await bench.client();
    const count = bench.size(200, 40);
    const approve = (runId: string) => client.post(`/v1/runs/${runId}/nodes/ask/approve`);
    const signal = (runId: string) => client.post(`/v1/runs/${runId}/signals/go`, { data: { n: 1 } });
    await latencies(client, "bench-approval.tsx", "NodeWaitingApproval", count, approve);
    await latencies(client, "bench-signal.tsx", "NodeWaitingEvent", count, signal);
    bench.measureCommit();
    const approved = await latencies(client, "bench-approval.tsx", "NodeWaitingApproval", count, approve);
    bench.measureCommit();
    const signalled = await latencies(client, "bench-signal.tsx", "NodeWaitingEvent", count, signal);
    return [
      { what: "approval, p50", value: quantile(approved, 0.5), unit: "ms" },
      { what: "approval, p95", value: quantile(approved, 0.95), unit: "ms", atMost: 10 },
      { what: "signal, p50", value: quantile(signalled, 0.5), unit: "ms" },
      { what: "signal, p95", value: quantile(signalled, 0.95), unit: "ms", atMost: 10 },
    ];
  },
};

/** Milliseconds from the call that wakes a parked run to RunFinished, on a stream that was already open. */
async function latencies(
  client: Client,
  workflow: WorkflowName,
  waiting: string,
  count: number,
  call: (runId: string) => Promise<unknown>,
): Promise<number[]> {
  const runIds = await inFlight(count, 16, () => client.start(workflow));
  const all: number[] = [];
  for (const runId of runIds) {
    const parked = Promise.withResolvers<void>();
    const finished = client.until(runId, ({ type }) => {
      if (type === waiting) parked.resolve();
      return type === "RunFinished";
    });
    await Promise.race([parked.promise, finished]);
    const begin = performance.now();
    const [end] = await Promise.all([finished, call(runId)]);
    all.push(end.receivedMs - performance.timeOrigin - begin);
  }
  return all;
}
