import { cpus, platform, release } from "node:os";
import type { Benchmark, Figure } from "./benchmark.ts";
import type { Synchronous } from "./commit.ts";
import { median } from "./statistics.ts";

/** The results of a row. */
export interface Row {
  readonly name: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  /** Milliseconds of a raw commit of the same minute; null for a row without commits. */
  readonly commitMs: number | null;
  /** Why there are no figures. */
  readonly problem?: string;
}

export interface Report {
  readonly at: string;
  readonly bun: string;
  readonly machine: string;
  readonly synchronous: Synchronous;
  readonly against: string | null;
  readonly rows: readonly Row[];
}

export function rowOf({ name, title }: Benchmark, figures: readonly Figure[], commits: readonly number[]): Row {
  return { name, title, figures, commitMs: commits.length === 0 ? null : median(commits) };
}

export function reportOf(rows: readonly Row[], synchronous: Synchronous, against: string | null): Report {
  return {
    at: new Date().toISOString(),
    bun: Bun.version,
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "?"}, ${platform()} ${release()}`,
    synchronous,
    against,
    rows,
  };
}

/** Whether a figure meets its target; undefined without a target. */
export function isKept({ value, atMost, atLeast }: Figure): boolean | undefined {
  if (atMost === undefined && atLeast === undefined) return undefined;
  return value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY);
}

export function textOf({ name, title, figures, commitMs, problem }: Row): string {
  const lines = [`${name}: ${title}`];
  if (problem !== undefined) lines.push(`  ${problem}`);
  for (const figure of figures) {
    const { what, value, unit, atMost, atLeast } = figure;
    const target = atMost !== undefined ? `≤ ${round(atMost)}` : atLeast !== undefined ? `≥ ${round(atLeast)}` : "";
    const commits = unit === "ms" && commitMs !== null ? `${round(value / commitMs)} commits` : "";
    const kept = isKept(figure);
    const verdict = kept === undefined ? "" : kept ? "kept" : "MISSED";
    lines.push(
      `  ${what.padEnd(44)}${round(value).padStart(9)} ${unit.padEnd(14)}${target.padEnd(11)}${verdict.padEnd(8)}${commits}`.trimEnd(),
    );
  }
  if (commitMs !== null)
    lines.push(`  ${"a raw commit of the same minute".padEnd(44)}${round(commitMs).padStart(9)} ms`);
  return lines.join("\n");
}

/** Rounds to three significant digits. */
export function round(value: number): string {
  if (Number.isNaN(value)) return "?";
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(value < 1 ? 3 : 2);
}
