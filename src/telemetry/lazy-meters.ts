import type { Attributes, Counter, Histogram } from "@opentelemetry/api";
import { catalogue, type MetricName } from "./catalogue.ts";
import type { Meters } from "./meters.ts";

interface RecorderByKind {
  counter: Pick<Counter, "add">;
  upDownCounter: Pick<Counter, "add">;
  histogram: Pick<Histogram, "record">;
  observableGauge: object;
  observableCounter: object;
}

/** What takes measurements, by the name of their metric. An observable metric takes none. */
export type Recorders = { readonly [N in MetricName]: RecorderByKind[(typeof catalogue)[N]["kind"]] };

interface Measurement {
  readonly name: MetricName;
  readonly value: number;
  readonly attributes: Attributes | undefined;
}

/** What the measurements of one metric add up to, for one set of labels. */
interface Sum {
  value: number;
  readonly attributes: Attributes | undefined;
}

/** How many measurements are kept at most. */
const mostKept = 1_000;

/**
 * Meters that are made when their metrics are read: loading OpenTelemetry's SDK takes longer than anything else at the
 * start of a server. Measurements are kept until they are read, or are many, and those that only count are added up:
 * telling OpenTelemetry of each takes a twentieth of a short run.
 */
export class LazyMeters {
  /** Take measurements from the start on. */
  readonly recorders: Recorders;
  readonly #make: () => Meters;
  readonly #mostKept: number;
  #meters: Meters | undefined;
  /** Measurements of histograms. */
  #kept: Measurement[] = [];
  /** Those of other metrics, added up by the values of their labels. */
  readonly #sums = new Map<MetricName, Map<unknown, Sum>>();
  #count = 0;
  #observers: ((meters: Meters) => void)[] = [];

  /** @param isPushed whether the meters export their metrics by themselves, from the start on */
  constructor(make: () => Meters, isPushed: boolean) {
    this.#make = make;
    this.#mostKept = isPushed ? 0 : mostKept;
    const names = Object.keys(catalogue) as MetricName[];
    this.recorders = Object.fromEntries(names.map((name) => [name, this.#recorder(name)])) as Recorders;
  }

  /** The meters, if they have been made. */
  get made(): Meters | undefined {
    return this.#meters;
  }

  /** The meters with all measurements. Makes them, unless they have been made. */
  get(): Meters {
    const meters = (this.#meters ??= this.#make());
    for (const observe of this.#observers.splice(0)) observe(meters);
    this.#tell(meters.instruments);
    return meters;
  }

  /** Calls `observe` once there are meters, to add callbacks for observable metrics. */
  observe(observe: (meters: Meters) => void): void {
    if (this.#meters) observe(this.#meters);
    else this.#observers.push(observe);
  }

  #recorder(name: MetricName): object {
    const { kind, labels } = catalogue[name];
    if (kind === "histogram") {
      const record = (value: number, attributes?: Attributes) => {
        this.#kept.push({ name, value, attributes });
        this.#taken();
      };
      return { record };
    }
    const sums = new Map<unknown, Sum>();
    this.#sums.set(name, sums);
    const add = (value: number, attributes?: Attributes) => {
      const key = keyOf(labels, attributes);
      const sum = sums.get(key);
      if (sum) sum.value += value;
      else sums.set(key, { value, attributes });
      this.#taken();
    };
    return { add };
  }

  #taken(): void {
    this.#count += 1;
    if (this.#count >= this.#mostKept) this.get();
  }

  #tell(instruments: Recorders): void {
    this.#count = 0;
    for (const { name, value, attributes } of this.#kept.splice(0)) {
      (instruments[name] as RecorderByKind["histogram"]).record(value, attributes);
    }
    for (const [name, sums] of this.#sums) {
      for (const { value, attributes } of sums.values()) {
        (instruments[name] as RecorderByKind["counter"]).add(value, attributes);
      }
      sums.clear();
    }
  }
}

/** What tells sets of labels apart: the value of a single label, or the values of several as one text. */
function keyOf(labels: readonly string[], attributes: Attributes | undefined): unknown {
  const [first] = labels;
  if (first === undefined || labels.length === 1) return first && attributes?.[first];
  return labels.map((label) => attributes?.[label]).join("\0");
}
