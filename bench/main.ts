/**
 * Measures the rows of the table of targets, with a real server and real files; see README.md in this folder. Read the
 * ratios: absolute figures depend on the machine and the hour.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Bench, type Benchmark, type Elsewhere } from "./benchmark.ts";
import { Client } from "./client.ts";
import type { Synchronous } from "./commit.ts";
import { plot } from "./plot.ts";
import { type Report, type Row, reportOf, rowOf, textOf } from "./report.ts";
import { benchmarks } from "./rows/index.ts";

const usage = `npm run bench -- [options]
  --only <names>       only these rows, comma-separated: ${benchmarks.map(({ name }) => name).join(", ")}
  --quick              fewer rounds: enough to see that it works, too few to quote
  --synchronous <mode> full (default), or normal: commits that a power cut may undo
  --json <file>        write the figures as JSON
  --svg <file>         write a plot of the milliseconds per step against the number of steps
  --against <url>      measure a running server, with the rows that need only HTTP
  --token <token>      token of that server
  --root <folder>      root folder of that server's workflows; the benchmarks write their files there`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    synchronous: { type: "string", default: "full" },
    json: { type: "string" },
    svg: { type: "string" },
    against: { type: "string" },
    token: { type: "string" },
    root: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(usage);
} else {
  const report = await measure();
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  if (values.svg !== undefined) writeFileSync(values.svg, growthPlot(report));
}

async function measure(): Promise<Report> {
  const elsewhere = elsewhereOf();
  const synchronous = synchronousOf(values.synchronous);
  const folder = elsewhere?.rootDir ?? resolve(".tmp");
  mkdirSync(folder, { recursive: true });
  const rows: Row[] = [];
  for (const benchmark of chosen()) {
    const bench = new Bench({ folder, quick: values.quick, synchronous, elsewhere });
    const row = await measured(benchmark, bench, elsewhere);
    rows.push(row);
    console.log(`${textOf(row)}\n`);
  }
  return reportOf(rows, synchronous, values.against ?? null);
}

async function measured(benchmark: Benchmark, bench: Bench, elsewhere: Elsewhere | undefined): Promise<Row> {
  try {
    if (elsewhere && benchmark.needsProcess) {
      return { ...rowOf(benchmark, [], []), problem: "skipped: this row needs the server's process or files" };
    }
    return rowOf(benchmark, await benchmark.run(bench), bench.commits);
  } catch (error) {
    if (!elsewhere) throw error;
    // A row that another server does not support must not keep the others from being measured.
    return { ...rowOf(benchmark, [], bench.commits), problem: `could not be measured: ${String(error)}` };
  } finally {
    await bench.close();
  }
}

function chosen(): readonly Benchmark[] {
  if (values.only === undefined) return benchmarks;
  return values.only.split(",").map((name) => {
    const found = benchmarks.find((benchmark) => benchmark.name === name.trim());
    if (!found) throw new Error(`Unknown benchmark "${name}".\n${usage}`);
    return found;
  });
}

function elsewhereOf(): Elsewhere | undefined {
  const { against, token, root } = values;
  if (against === undefined) return undefined;
  if (root === undefined)
    throw new Error(`--against requires --root, the folder where that server finds workflow files.\n${usage}`);
  return { client: new Client(against, token), rootDir: resolve(root) };
}

function synchronousOf(given: string): Synchronous {
  if (given === "full" || given === "normal") return given;
  throw new Error(`--synchronous must be full or normal; it is "${given}".`);
}

function growthPlot({ rows }: Report): string {
  const series = rows
    .map(({ name, figures }) => ({
      name,
      points: figures.flatMap(({ steps, value }) => (steps === undefined ? [] : [[steps, value] as const])),
    }))
    .filter(({ points }) => points.length > 0);
  if (series.length === 0) throw new Error("The growth plot requires one of the rows sequence, fan-out and loop.");
  return plot("Cost of a step", { label: "steps in the run", logarithmic: true }, { label: "ms" }, series);
}
