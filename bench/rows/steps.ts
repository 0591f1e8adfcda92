import type { Bench, Benchmark, Figure } from "../benchmark.ts";
import { median } from "../statistics.ts";
import type { WorkflowName } from "../workflows.ts";

const lengths = [10, 100, 1_000];

/** Allowed milliseconds per step, in addition to two commits. */
const allowanceMs = 0.3;

export const sequence: Benchmark = {
  name: "sequence",
  title: "a step in a sequence of 10, 100, 1,000",
  needsProcess: false,
  async run(bench) {
    const measured = await perTask(bench, "bench-sequence.tsx");
    const [short, , long] = measured;
    return [
      ...measured.flatMap(({ length, ms, commits, limitMs }): Figure[] => [
        { what: `of ${length}`, value: ms, unit: "ms", atMost: limitMs, steps: length },
        { what: "  in raw commits of the same round", value: commits, unit: "commits" },
      ]),
      { what: "of 1,000, compared with 10", value: long!.ms / short!.ms, unit: "times", atMost: 1.5 },
    ];
  },
};

export const fanOut: Benchmark = {
  name: "fan-out",
  title: "a task in a fan-out of 10, 100, 1,000",
  needsProcess: false,
  async run(bench) {
    const measured = await perTask(bench, "bench-fan-out.tsx");
    return measured.map(({ length, ms }) => ({
      what: `of ${length}`,
      value: ms,
      unit: "ms",
      atMost: 0.3,
      steps: length,
    }));
  },
};

export const loop: Benchmark = {
  name: "loop",
  title: "an iteration of a loop of 10, 100, 1,000",
  needsProcess: false,
  async run(bench) {
    const measured = await perTask(bench, "bench-loop.tsx");
    const [, middle, long] = measured;
    return [
      ...measured.map(({ length, ms }) => ({ what: `of ${length}`, value: ms, unit: "ms", steps: length })),
      { what: "of 1,000, compared with 100", value: long!.ms / middle!.ms, unit: "times", atMost: 1.2 },
    ];
  },
};

/**
 * Milliseconds per task of runs of each length, from POST to RunFinished: the best of several rounds. Each round has as
 * many sequential runs as make a hundred tasks. A commit is measured before each round; the limit and the ratio use the
 * best round's own commit.
 */
async function perTask(bench: Bench, workflow: WorkflowName) {
  const client = await bench.client();
  // Warms up the fixed cost of a run as much as that of its steps: the shortest runs consist mostly of it.
  for (let n = 0; n < bench.size(500, 50); n++) await client.complete(workflow, { length: 1 });
  for (let n = 0; n < bench.size(30, 10); n++) await client.complete(workflow, { length: 100 });
  const measured = [];
  for (const length of lengths) {
    const rounds = [];
    for (let n = 0; n < (length === 1_000 ? bench.size(5, 2) : bench.size(15, 5)); n++) {
      const commitMs = bench.measureCommit();
      const runs = Math.max(100 / length, 1);
      let ms = 0;
      for (let n = 0; n < runs; n++) ms += await client.complete(workflow, { length });
      rounds.push({ ms: ms / runs / length, commitMs });
    }
    const best = rounds.reduce((a, b) => (b.ms < a.ms ? b : a));
    const commits = median(rounds.map(({ ms, commitMs }) => ms / commitMs));
    measured.push({ length, ms: best.ms, commits, limitMs: 2 * best.commitMs + allowanceMs });
  }
  return measured;
}
