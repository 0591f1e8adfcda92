import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { catalogue, type Metric } from "../../src/telemetry/index.ts";
import { projectDir } from "../support/packed.ts";
import { exercise } from "./exercise.ts";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string }[];
}

const dashboard = JSON.parse(readFileSync(join(projectDir, "observability/grafana-dashboard.json"), "utf8"));
const panels: readonly Panel[] = dashboard.panels;
const queries: readonly string[] = [
  ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ definition }: { definition?: string }) => definition ?? []),
];
const named = new Set(queries.flatMap((query) => query.match(/smithers_\w+/g) ?? []));

test("the dashboard uses only metrics that /metrics has", async () => {
  const { scrapeAll } = await exercise();
  const scraped = await scrapeAll();
  const given = new Set(scraped.samples.map(({ name }) => name));
  expect([...named].filter((name) => !given.has(name))).toEqual([]);
});

test("the dashboard filters and groups by labels that its metrics have", () => {
  for (const query of queries) {
    const [, name] = /(smithers_\w+)/.exec(query) ?? [];
    const metric = metricOf(name!);
    const used = [...query.matchAll(/(?:\{|, )(\w+)(?:=~|=|!=)"/g), ...query.matchAll(/by \(([\w, ]+)\)/g)];
    const labels = used
      .flatMap(([, text]) => text!.split(", "))
      .filter((label) => !["job", "instance", "le"].includes(label));
    for (const label of labels) expect([name, ...metric.labels]).toContain(label);
  }
});

test("every metric has a panel", () => {
  const drawn = new Set([...named].map((name) => metricNameOf(name)));
  expect(Object.keys(catalogue).filter((name) => !drawn.has(name))).toEqual([]);
});

test("panels do not overlap, use the selected data source, and have unique ids", () => {
  expect(dashboard.templating.list[0]).toMatchObject({ name: "datasource", type: "datasource", query: "prometheus" });
  for (const { type, datasource, targets } of panels) {
    if (type === "row") continue;
    expect(datasource?.uid).toBe(`\${datasource}`);
    expect(targets!.length).toBeGreaterThan(0);
  }
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Set<string>();
  for (const { title, gridPos: at } of panels) {
    expect(at.x + at.w).toBeLessThanOrEqual(24);
    for (let x = at.x; x < at.x + at.w; x++) {
      for (let y = at.y; y < at.y + at.h; y++) {
        expect([title, taken.has(`${x},${y}`)]).toEqual([title, false]);
        taken.add(`${x},${y}`);
      }
    }
  }
});

function metricNameOf(name: string): string {
  return name in catalogue ? name : name.replace(/_(bucket|sum|count)$/, "");
}

function metricOf(name: string): Metric {
  return (catalogue as Record<string, Metric>)[metricNameOf(name)]!;
}
