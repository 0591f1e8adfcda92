/**
 * Measures the package on Postgres next to DBOS and a bare prototype, on the same server and in turns, so that all have
 * the same disk and the same neighbours. Read the ratios.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { inFlight } from "../client.ts";
import { BenchPostgres } from "../postgres.ts";
import { round } from "../report.ts";
import { median, quantile } from "../statistics.ts";
import { type Contestant, type Kind, Ours, Program } from "./contestants.ts";
import { streamMs, takeOverMs } from "./several.ts";
import { spread } from "./spread.ts";

const { values } = parseArgs({
  options: { quick: { type: "boolean", default: false }, json: { type: "string" } },
});
const rounds = values.quick ? 1 : 5;

/** A row: what it measures of a contestant in one round, in its unit. */
interface Measured {
  readonly what: string;
  readonly unit: "ms" | "runs/s";
  readonly kind: Kind;
  /** The target, as a ratio of another contestant's figure or as a figure. */
  readonly target: string;
  measure(contestant: Contestant): Promise<number>;
}

const complete = async (contestant: Contestant, kind: Kind, length = 1) => {
  const begin = performance.now();
  await contestant.end(await contestant.start(kind, length));
  return performance.now() - begin;
};

const percent = (share: number) => `${Math.round(100 * share)} %`;

const size = (full: number, quick: number) => (values.quick ? quick : full);

const steps = (length: number): Measured => ({
  what: `a step in a sequence of ${length}`,
  unit: "ms",
  kind: "sequence",
  target: "at most 0.25 of DBOS",
  async measure(contestant) {
    const runs = Math.max(1, size(50, 10) / length);
    let ms = 0;
    for (let n = 0; n < runs; n++) ms += await complete(contestant, "sequence", length);
    return ms / runs / length;
  },
});

const signalled = (server: number): Measured => ({
  what: `signal to finished, given on ${server === 0 ? "the run's" : "another"} server, p95`,
  unit: "ms",
  kind: "signal",
  target: "at most 20 ms",
  async measure(contestant) {
    const all: number[] = [];
    for (let n = 0; n < size(40, 10); n++) {
      const id = await contestant.start("signal");
      await contestant.waits(id);
      const ended = contestant.end(id);
      const begin = performance.now();
      await contestant.signal(id, server);
      await ended;
      all.push(performance.now() - begin);
    }
    return quantile(all, 0.95);
  },
});

const rows = (postgres: BenchPostgres): Measured[] => [
  {
    what: "trivial run, p50",
    unit: "ms",
    kind: "one",
    target: "at most 0.5 of DBOS",
    async measure(contestant) {
      const all: number[] = [];
      for (let n = 0; n < size(60, 20); n++) all.push(await complete(contestant, "one"));
      return median(all);
    },
  },
  {
    what: "trivial runs, 16 in flight",
    unit: "runs/s",
    kind: "one",
    target: "at least 4 of DBOS, 0.5 of the prototype",
    async measure(contestant) {
      const total = size(400, 100);
      const begin = performance.now();
      await inFlight(total, 16, () => complete(contestant, "one"));
      return (total / (performance.now() - begin)) * 1_000;
    },
  },
  {
    what: "CPU of servers and Postgres per trivial run, 16 in flight",
    unit: "ms",
    kind: "one",
    target: "at most 0.33 of DBOS",
    async measure(contestant) {
      const total = size(400, 100);
      const before = contestant.cpuMs() + postgres.cpuMs();
      await inFlight(total, 16, () => complete(contestant, "one"));
      return (contestant.cpuMs() + postgres.cpuMs() - before) / total;
    },
  },
  steps(10),
  steps(100),
  steps(1_000),
  {
    what: "a task in a fan-out of 100",
    unit: "ms",
    kind: "fanOut",
    target: "at most 0.2 of DBOS",
    async measure(contestant) {
      let ms = 0;
      for (let n = 0; n < size(5, 2); n++) ms += await complete(contestant, "fanOut", 100);
      return ms / size(5, 2) / 100;
    },
  },
  signalled(0),
  signalled(1),
];

mkdirSync(".tmp", { recursive: true });
const folder = mkdtempSync(join(".tmp", "beside-"));
const postgres = await BenchPostgres.start();
const ours = await Ours.start(folder, postgres);
const all: Contestant[] = [ours, await Program.dbos(postgres), await Program.bare(postgres)];
const report: object[] = [];
try {
  for (const contestant of all) await inFlight(size(400, 100), 8, () => complete(contestant, "one"));
  for (const row of rows(postgres)) await measured(row);
  const [p50, p95] = await streamMs(ours, size(200, 40));
  console.log(`event on another server's stream after its commit: p50 ${round(p50)} ms, p95 ${round(p95)} ms`);
  const continued = await takeOverMs(ours);
  console.log(`a killed server's runs continue elsewhere after ${round(continued)} ms`);
  for (const [taskMs, total] of [
    [50, size(600, 100)],
    [500, size(256, 64)],
  ] as const) {
    const setups = await spread(folder, postgres, { taskMs, total, rounds: values.quick ? 1 : 3 });
    console.log(`one task of ${taskMs} ms a run, 16 at once on a server (target 1.9 times)`);
    for (const { servers, runsPerSecond, times, cpuMs, share, busy } of setups) {
      const cost = `${round(cpuMs)} ms of CPU a run, ${percent(share)} of the cores; all programs had ${percent(busy)}`;
      console.log(`  ${servers.padEnd(30)}${round(runsPerSecond).padStart(8)} runs/s, ${round(times)} times (${cost})`);
    }
    report.push({ what: `one task of ${taskMs} ms, with one server and with two`, setups });
  }
  report.push({ what: "event on another server's stream", p50, p95 }, { what: "killed to continued", ms: continued });
} finally {
  for (const contestant of all) await contestant.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);

async function measured(row: Measured): Promise<void> {
  const taking = all.filter((contestant) => contestant.can(row.kind));
  const figures = new Map<string, number[]>(taking.map(({ name }) => [name, []]));
  for (let n = 0; n < rounds; n++) {
    for (const contestant of taking) figures.get(contestant.name)!.push(await row.measure(contestant));
  }
  const own = figures.get(ours.name)!;
  console.log(`${row.what} (${row.target})`);
  for (const [name, of] of figures) {
    const ratio = median(of.map((figure, n) => own[n]! / figure));
    const compared = name === ours.name ? "" : `, ours is ${round(ratio)} of it`;
    console.log(`  ${name.padEnd(12)}${round(median(of)).padStart(8)} ${row.unit}${compared}`);
    report.push({ what: row.what, name, unit: row.unit, median: median(of), all: of, ratio });
  }
}
