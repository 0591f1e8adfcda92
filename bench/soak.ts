/**
 * Puts a mixed load on one server for a given time: sequences, fan-outs, timers, approvals and signals. Ended runs are
 * deleted after a short time, so nothing may grow for ever. Samples memory, size of the database and latency; with
 * `--postgres`, on a Postgres of its own, also the rows that autovacuum has not freed yet.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Client } from "./client.ts";
import { plot } from "./plot.ts";
import { BenchPostgres } from "./postgres.ts";
import { BenchServer } from "./server.ts";
import { quantile } from "./statistics.ts";

/** Measurements of one interval. */
interface Sample {
  readonly atMinutes: number;
  readonly residentMb: number;
  readonly databaseMb: number;
  /** Rows that live, and dead ones whose space is not free yet; null for a SQLite file. */
  readonly liveRows: number | null;
  readonly deadRows: number | null;
  readonly runs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    width: { type: "string", default: "8" },
    json: { type: "string" },
    svg: { type: "string" },
    postgres: { type: "boolean", default: false },
  },
});
const totalMs = positive("minutes") * 60_000;
const width = positive("width");
/** How long ended runs are kept. */
const retention = "30s";
const intervalMs = Math.min(10_000, totalMs / 20);

mkdirSync(".tmp", { recursive: true });
const folder = mkdtempSync(join(".tmp", "soak-"));
const postgres = values.postgres ? await BenchPostgres.start() : undefined;
const server = await BenchServer.start(join(folder, "server"), { retention, db: postgres?.url() });
try {
  const samples = await soak(server);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ width, retention, samples }, null, 2)}\n`);
  if (values.svg !== undefined) writeFileSync(values.svg, plotOf(samples));
  console.log(verdict(samples));
} finally {
  await server.stop();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function soak({ client }: BenchServer): Promise<Sample[]> {
  const begin = performance.now();
  const samples: Sample[] = [];
  let latencies: number[] = [];
  const isOver = () => performance.now() - begin >= totalMs;
  const worker = async (n: number) => {
    for (let turn = n; !isOver(); turn++) {
      await mixedRun(client, turn);
      latencies.push(await client.complete("bench-one.tsx"));
    }
  };
  const note = async () => {
    const tables = await postgres?.tables();
    const sample = {
      atMinutes: (performance.now() - begin) / 60_000,
      residentMb: server.residentNowMb(),
      databaseMb: (tables?.bytes ?? server.databaseBytes()) / 1e6,
      liveRows: tables?.liveRows ?? null,
      deadRows: tables?.deadRows ?? null,
      runs: latencies.length * 2,
      p50Ms: quantile(latencies, 0.5),
      p95Ms: quantile(latencies, 0.95),
    };
    latencies = [];
    samples.push(sample);
    console.log(textOf(sample));
  };
  const timer = setInterval(() => void note(), intervalMs);
  await Promise.all(Array.from({ length: width }, (_, n) => worker(n)));
  clearInterval(timer);
  return samples;
}

/**
 * Runs every kind of node, and approves and signals when the run asks. Every fifth run is a long sequence or a fan-out
 * instead.
 */
async function mixedRun(client: Client, turn: number): Promise<void> {
  if (turn % 5 === 0) {
    await client.complete(turn % 2 === 0 ? "bench-sequence.tsx" : "bench-fan-out.tsx", { length: 50 });
    return;
  }
  const runId = await client.start("bench-mixed.tsx", { length: 10 });
  for await (const { type } of client.events(runId)) {
    if (type === "NodeWaitingApproval") await client.post(`/v1/runs/${runId}/nodes/ask/approve`);
    else if (type === "NodeWaitingEvent") await client.post(`/v1/runs/${runId}/signals/go`, { data: { n: 1 } });
    else if (type === "RunFinished") return;
  }
  throw new Error(`The run ${runId} did not finish.`);
}

function textOf({ atMinutes, residentMb, databaseMb, liveRows, deadRows, runs, p50Ms, p95Ms }: Sample): string {
  const trivial = `trivial run p50 ${p50Ms.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms`;
  const rows = liveRows === null ? "" : ` with ${liveRows} rows and ${deadRows} dead ones`;
  return `${atMinutes.toFixed(1)} min: ${residentMb.toFixed(0)} MB resident, ${databaseMb.toFixed(1)} MB database${rows}, ${runs} runs, ${trivial}`;
}

/** Compares the second quarter with the last one. In the first, the server warms up and retention has not started. */
function verdict(samples: readonly Sample[]): string {
  const quarter = Math.floor(samples.length / 4);
  const early = samples.slice(quarter, 2 * quarter);
  const late = samples.slice(-quarter);
  const mean = (of: readonly Sample[], field: Field) => of.reduce((sum, sample) => sum + sample[field]!, 0) / of.length;
  const line = (what: string, field: Field, unit: string) =>
    `${what}: ${mean(early, field).toFixed(1)} ${unit} in the second quarter, ${mean(late, field).toFixed(1)} ${unit} in the last`;
  const lines = [line("resident memory", "residentMb", "MB"), line("database", "databaseMb", "MB")];
  if (values.postgres) lines.push(line("rows", "liveRows", "rows"), line("dead rows", "deadRows", "rows"));
  return lines.join("\n");
}

type Field = "residentMb" | "databaseMb" | "liveRows" | "deadRows";

function plotOf(samples: readonly Sample[]): string {
  const series = (name: string, of: (sample: Sample) => number) => ({
    name,
    points: samples.map((sample) => [sample.atMinutes, of(sample)] as const),
  });
  return plot(
    `Mixed load, ${width} in flight, ended runs kept ${retention}`,
    { label: "minutes" },
    { label: "MB, ms" },
    [
      series("resident, MB", ({ residentMb }) => residentMb),
      series("database, MB", ({ databaseMb }) => databaseMb),
      series("trivial run p50, ms", ({ p50Ms }) => p50Ms),
      series("trivial run p95, ms", ({ p95Ms }) => p95Ms),
    ],
  );
}

function positive(name: "minutes" | "width"): number {
  const value = Number(values[name]);
  if (value > 0) return value;
  throw new Error(`--${name} must be a number above 0.`);
}
