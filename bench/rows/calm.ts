import { setTimeout as sleep } from "node:timers/promises";
import type { Benchmark, Figure } from "../benchmark.ts";
import { type Client, inFlight } from "../client.ts";
import type { WorkflowName } from "../workflows.ts";

const large: readonly [what: string, file: WorkflowName][] = [
  ["mounts 10,000 tasks", "bench-fan-out.tsx"],
  ["stores 10,000 literals", "bench-literals.tsx"],
  ["loops over 10,000 literals", "bench-literal-loop.tsx"],
];
/** How long before their time the last timers are started, in ms: a machine may need this long for all of them. */
const startMs = 60_000;

export const calm: Benchmark = {
  name: "calm",
  title: "what large runs, and many timers that are due at once, cost others",
  needsProcess: true,
  async run(bench) {
    const { client } = await bench.server();
    const length = bench.size(10_000, 1_000);
    const figures: Figure[] = [];
    for (const [what, file] of large) {
      await client.complete(file, { length: 10 });
      const value = await slowestHealth(client, () => client.complete(file, { length }));
      figures.push({ what: `longest answer of /health while a run ${what}`, value, unit: "ms", atMost: 100 });
    }
    const count = bench.size(10_000, 500);
    const value = await lateness(client, count, bench.size(startMs, 5_000));
    return [...figures, { what: "a timer next to 10,000 that are due, late by", value, unit: "ms", atMost: 1_000 }];
  },
};

/** The longest time that an answer takes while something is done, in ms. */
async function slowestHealth(client: Client, act: () => Promise<unknown>): Promise<number> {
  let slowest = 0;
  let isOver = false;
  const probing = (async () => {
    while (!isOver) {
      const begin = performance.now();
      await client.get("/health");
      slowest = Math.max(slowest, performance.now() - begin);
      await sleep(2);
    }
  })();
  await act();
  isOver = true;
  await probing;
  return slowest;
}

/** How late a timer is that is due shortly after many others, in ms. */
async function lateness(client: Client, count: number, inMs: number): Promise<number> {
  const due = Date.now() + inMs;
  const start = (atMs: number) => client.start("bench-timer.tsx", { until: new Date(atMs).toISOString() });
  await inFlight(count, 16, () => start(due));
  const leftMs = due - Date.now();
  if (leftMs < 0) throw new Error(`The timers were due ${-leftMs} ms before all of them were started.`);
  await sleep(leftMs);
  const own = Date.now() + 300;
  await client.finished(await start(own));
  return Date.now() - own;
}
