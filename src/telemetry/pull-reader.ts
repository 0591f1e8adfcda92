import type { PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MetricReader } from "@opentelemetry/sdk-metrics";
import { prometheus } from "./lazy.ts";

/** The content type of {@link PullReader.text}. */
export const prometheusContentType = "text/plain; version=0.0.4";

/** Reads the instruments when somebody asks, as text for Prometheus; it opens no port of its own. */
export class PullReader extends MetricReader {
  #serializer: PrometheusSerializer | undefined;

  /** What could be read; a gauge whose database does not answer is left out. */
  async text(): Promise<string> {
    const { resourceMetrics } = await this.collect();
    // An instrument that nothing was recorded with has no samples, and an empty line would follow its type.
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
