import type { PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MetricReader } from "@opentelemetry/sdk-metrics";
import { prometheus } from "./lazy.ts";

/** Collects the metrics on demand as text for Prometheus; opens no port of its own. */
export class PullReader extends MetricReader {
  #serializer: PrometheusSerializer | undefined;

  /** The metrics that can be read; a gauge whose database does not answer is left out. */
  async text(): Promise<string> {
    const { resourceMetrics } = await this.collect();
    // A metric without samples would leave an empty line after its type.
    const scopeMetrics = resourceMetrics.scopeMetrics.map((scope) => ({
      ...scope,
      metrics: scope.metrics.filter(({ dataPoints }) => dataPoints.length > 0),
    }));
    this.#serializer ??= new (prometheus().PrometheusSerializer)(undefined, false, undefined, true, true);
    return this.#serializer.serialize({ ...resourceMetrics, scopeMetrics });
  }

  protected override async onForceFlush(): Promise<void> {}

  protected override async onShutdown(): Promise<void> {}
}
