/**
 * Writes the tables of docs/performance.md from the results of the benchmarks; without profiles, only the figures:
 * `bun scripts/performance-page.ts <bench.json> [<profile before.json> <profile after.json>]`
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { HotPathProfile } from "../bench/cpu-profile.ts";
import { isKept, type Report, round } from "../bench/report.ts";
import { replaceMarked } from "./marked-page.ts";

/** The hot paths that the page shows; the others look like one of these. */
const shown = ["run", "throughput", "sequence", "reading", "loop"];

const page = fileURLToPath(new URL("../docs/performance.md", import.meta.url));
const [figures, before, after] = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));
if (!figures || (before && !after)) {
  throw new Error("Usage: bun scripts/performance-page.ts <bench.json> [<profile before> <profile after>]");
}

let text = readFileSync(page, "utf8");
text = replaceMarked(text, "figures", "performance-page.ts", figuresTable(figures));
if (after) text = replaceMarked(text, "profile", "performance-page.ts", profileTable(before, after));
writeFileSync(page, text);

function figuresTable({ at, machine, bun, rows }: Report): string {
  const lines = rows.flatMap(({ title, figures, commitMs }) => [
    `| **${title}** | | | ${commitMs === null ? "" : `raw commit: ${round(commitMs)} ms`} |`,
    ...figures.map((figure) => {
      const { what, value, unit, atMost, atLeast } = figure;
      const target = atMost !== undefined ? `≤ ${round(atMost)}` : atLeast !== undefined ? `≥ ${round(atLeast)}` : "";
      const missed = isKept(figure) === false ? ", missed" : "";
      const commits = unit === "ms" && commitMs !== null ? `${round(value / commitMs)} commits` : "";
      return `| ${what.trim()} | ${`${round(value)} ${unit}`.trim()} | ${target}${missed} | ${commits} |`;
    }),
  ]);
  const head = `Measured on ${at.slice(0, 10)} with Bun ${bun} on ${machine}, in one run.`;
  return [head, "", "| | | target | |", "| --- | ---: | ---: | ---: |", ...lines].join("\n");
}

function profileTable(before: readonly HotPathProfile[], all: readonly HotPathProfile[]): string {
  const after = all.filter(({ name }) => shown.includes(name));
  const names = [...new Set(after.flatMap(({ parts }) => parts.map(({ part }) => part)))];
  const cell = (profiles: readonly HotPathProfile[], path: string, part: string) => {
    const ms = profiles.find(({ name }) => name === path)?.parts.find((one) => one.part === part)?.ms ?? 0;
    return ms < 0.0005 ? "–" : ms.toFixed(3);
  };
  const both = (path: string, part: string) => `${cell(before, path, part)} → ${cell(after, path, part)}`;
  const sums = after.map(({ name }) => {
    const of = (profiles: readonly HotPathProfile[]) =>
      profiles.find((one) => one.name === name)!.parts.reduce((sum, { ms }) => sum + ms, 0);
    return `${of(before).toFixed(2)} → ${of(after).toFixed(2)}`;
  });
  return [
    `| ms of a | ${after.map(({ unit }) => unit).join(" | ")} |`,
    `| --- |${after.map(() => " ---: |").join("")}`,
    ...names.map((part) => `| ${part} | ${after.map(({ name }) => both(name, part)).join(" | ")} |`),
    `| **all** | ${sums.map((sum) => `**${sum}**`).join(" | ")} |`,
  ].join("\n");
}
