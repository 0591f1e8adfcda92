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
  #kept: Measurement[] = [];
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
    const take = (value: number, attributes?: Attributes) => {
      this.#kept.push({ name, value, attributes });
      if (this.#kept.length >= this.#mostKept) this.get();
    };
    return { add: take, record: take };
  }

  #tell(instruments: Recorders): void {
    const sums = new Map<string, Measurement>();
    for (const one of this.#kept.splice(0)) {
      const { name, value, attributes } = one;
      if (catalogue[name].kind === "histogram") {
        (instruments[name] as RecorderByKind["histogram"]).record(value, attributes);
        continue;
      }
      const key = [name, ...catalogue[name].labels.map((label) => attributes?.[label])].join("\0");
      const sum = sums.get(key)?.value ?? 0;
      sums.set(key, { ...one, value: sum + value });
    }
    for (const { name, value, attributes } of sums.values()) {
      (instruments[name] as RecorderByKind["counter"]).add(value, attributes);
    }
  }
}
