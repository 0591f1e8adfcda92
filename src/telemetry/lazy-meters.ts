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

type Measure = (instruments: Recorders) => void;

/** How many measurements are kept at most. */
const mostKept = 1_000;

/**
 * Meters that are made when their metrics are read: loading OpenTelemetry's SDK takes longer than anything else at the
 * start of a server. Measurements are kept until then. When they become many, the meters are made for them.
 */
export class LazyMeters {
  /** Take measurements from the start on. */
  readonly recorders: Recorders;
  readonly #make: () => Meters;
  #meters: Meters | undefined;
  #kept: Measure[] = [];
  #observers: ((meters: Meters) => void)[] = [];

  constructor(make: () => Meters) {
    this.#make = make;
    const names = Object.keys(catalogue) as MetricName[];
    this.recorders = Object.fromEntries(names.map((name) => [name, this.#recorder(name)])) as Recorders;
  }

  /** The meters, if they have been made. */
  get made(): Meters | undefined {
    return this.#meters;
  }

  /** Makes the meters, unless they have been made. */
  get(): Meters {
    if (this.#meters) return this.#meters;
    const meters = this.#make();
    this.#meters = meters;
    for (const measure of this.#kept.splice(0)) measure(meters.instruments);
    for (const observe of this.#observers.splice(0)) observe(meters);
    return meters;
  }

  /** Calls `observe` once there are meters, to add callbacks for observable metrics. */
  observe(observe: (meters: Meters) => void): void {
    if (this.#meters) observe(this.#meters);
    else this.#observers.push(observe);
  }

  #recorder(name: MetricName): object {
    return {
      add: (value: number, attributes?: Attributes) =>
        this.#take((instruments) => (instruments[name] as RecorderByKind["counter"]).add(value, attributes)),
      record: (value: number, attributes?: Attributes) =>
        this.#take((instruments) => (instruments[name] as RecorderByKind["histogram"]).record(value, attributes)),
    };
  }

  #take(measure: Measure): void {
    if (!this.#meters && this.#kept.length < mostKept) this.#kept.push(measure);
    else measure(this.get().instruments);
  }
}
