import type { Counter, Histogram, Meter, ObservableCounter, ObservableGauge, UpDownCounter } from "@opentelemetry/api";
import { catalogue, type InstrumentKind, type LabelName, labels, type Metric, type MetricName } from "./catalogue.ts";

interface InstrumentByKind {
  counter: Counter;
  upDownCounter: UpDownCounter;
  histogram: Histogram;
  observableGauge: ObservableGauge;
  observableCounter: ObservableCounter;
}

/** One OpenTelemetry instrument per metric of the catalogue, by name. */
export type Instruments = { readonly [N in MetricName]: InstrumentByKind[(typeof catalogue)[N]["kind"]] };

export function createInstruments(meter: Meter): Instruments {
  const made = Object.entries<Metric>(catalogue).map(([name, metric]) => [name, create(meter, name, metric)]);
  return Object.fromEntries(made) as Instruments;
}

function create(meter: Meter, name: string, metric: Metric): InstrumentByKind[InstrumentKind] {
  const description = metric.help;
  switch (metric.kind) {
    case "counter": {
      const counter = meter.createCounter(name, { description });
      for (const point of knownPoints(metric.labels)) counter.add(0, point);
      return counter;
    }
    case "upDownCounter": {
      const gauge = meter.createUpDownCounter(name, { description });
      gauge.add(0);
      return gauge;
    }
    case "histogram":
      return meter.createHistogram(name, { description, advice: { explicitBucketBoundaries: [...metric.buckets!] } });
    case "observableGauge":
      return meter.createObservableGauge(name, { description });
    case "observableCounter":
      return meter.createObservableCounter(name, { description });
  }
}

/**
 * The label combinations with which a counter starts at 0, so that the first count shows as an increase. None when
 * there would be many.
 */
function knownPoints(names: readonly LabelName[]): Record<string, string>[] {
  let points: Record<string, string>[] = [{}];
  for (const name of names) {
    const { values }: { help: string; values?: readonly string[] } = labels[name];
    if (!values || values.length > 10) return [];
    points = points.flatMap((point) => values.map((value) => ({ ...point, [name]: value })));
  }
  return points;
}
