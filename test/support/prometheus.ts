export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a scrape gave. */
export class Scrape {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];

  constructor(types: ReadonlyMap<string, string>, samples: readonly Sample[]) {
    this.types = types;
    this.samples = samples;
  }

  /** The sum of the samples of that name that have these labels; undefined when there is none. */
  value(name: string, labels: Record<string, string> = {}): number | undefined {
    const fitting = this.samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
    return fitting.length === 0 ? undefined : fitting.reduce((sum, { value }) => sum + value, 0);
  }

  /** The values of one label of a metric. */
  labelValues(name: string, label: string): string[] {
    return [...new Set(this.samples.filter((one) => one.name === name).map(({ labels }) => labels[label] ?? ""))];
  }
}

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|\+Inf|NaN)$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/**
 * Reads Prometheus' text format, version 0.0.4, strictly: every sample belongs to the metric that the last TYPE line
 * named, and a histogram is cumulative and whole.
 */
export function parsePrometheus(text: string): Scrape {
  if (!text.endsWith("\n")) throw new Error("The last line does not end.");
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  let metric = "";
  for (const one of text.slice(0, -1).split("\n")) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(one);
    if (type) {
      metric = type[1]!;
      if (types.has(metric)) throw new Error(`${metric} comes twice.`);
      types.set(metric, type[2]!);
      continue;
    }
    if (/^# HELP \S+ .+$/.test(one)) continue;
    const sample = line.exec(one);
    if (!sample) throw new Error(`This is no line of the format: ${one}`);
    const [, name = "", labels = "", value = ""] = sample;
    const suffix = name.slice(metric.length);
    const suffixes = types.get(metric) === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    if (!name.startsWith(metric) || !suffixes.includes(suffix)) throw new Error(`${name} stands below ${metric}.`);
    samples.push({ name, labels: parseLabels(labels), value: Number(value.replace("Inf", "Infinity")) });
  }
  const scrape = new Scrape(types, samples);
  for (const [name, type] of types) if (type === "histogram") checkHistogram(scrape, name);
  return scrape;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  label.lastIndex = 0;
  while (label.lastIndex < text.length) {
    const found = label.exec(text);
    if (!found) throw new Error(`These are no labels: ${text}`);
    labels[found[1]!] = found[2]!.replace(/\\(.)/g, (_, char) => (char === "n" ? "\n" : char));
  }
  return labels;
}

function checkHistogram({ samples }: Scrape, name: string): void {
  const series = new Map<string, number[]>();
  for (const { labels, value } of samples.filter((sample) => sample.name === `${name}_bucket`)) {
    const { le, ...rest } = labels;
    const key = JSON.stringify(rest);
    const before = series.get(key) ?? [];
    if ((before.at(-1) ?? 0) > value) throw new Error(`${name} is not cumulative.`);
    series.set(key, [...before, value]);
  }
  for (const { labels, value } of samples.filter((sample) => sample.name === `${name}_count`)) {
    if (series.get(JSON.stringify(labels))?.at(-1) !== value) throw new Error(`${name} has a count of its own.`);
  }
}
