import type { Meter } from "@opentelemetry/api";
import { type IMetricReader, MeterProvider } from "@opentelemetry/sdk-metrics";
import { packageInfo } from "../package/index.ts";
import { createInstruments, type Instruments } from "./instruments.ts";
import { serviceResource } from "./otlp.ts";
import { PullReader } from "./pull-reader.ts";

/** The metrics of one server: instruments that take measurements, and a reader that gives their values. */
export class Meters {
  readonly meter: Meter;
  readonly instruments: Instruments;
  readonly #reader = new PullReader();
  readonly #provider: MeterProvider;

  /** @param pushed reader that exports the metrics too */
  constructor(pushed?: IMetricReader) {
    const readers = pushed ? [this.#reader, pushed] : [this.#reader];
    this.#provider = new MeterProvider({ resource: serviceResource(), readers });
    this.meter = this.#provider.getMeter("smithers-orchestrator", packageInfo().version);
    this.instruments = createInstruments(this.meter);
  }

  /** All metrics in the Prometheus text format. */
  text(): Promise<string> {
    return this.#reader.text();
  }

  /** Pushes the last values, where they are exported. */
  shutdown(): Promise<void> {
    return this.#provider.shutdown();
  }
}
