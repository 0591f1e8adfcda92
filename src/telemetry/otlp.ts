import { getNumberFromEnv, getStringFromEnv } from "@opentelemetry/core";
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { type IMetricReader, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import type { SpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { Logger } from "../engine/index.ts";
import { packageInfo } from "../package/index.ts";
import { metricExporters, traceExporters, traceSdk } from "./lazy.ts";
import { withoutSecrets } from "./redacting-exporter.ts";

const leastTimeoutMs = 1_000;

/** How metrics and spans are exported. */
export interface Otlp {
  readonly metricReader: IMetricReader | undefined;
  readonly spanProcessor: SpanProcessor | undefined;
}

/** The resource attributes from the standard variables OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES. */
export function serviceResource(): Resource {
  return defaultResource()
    .merge(
      resourceFromAttributes({ "service.name": "smithers-orchestrator", "service.version": packageInfo().version }),
    )
    .merge(detectResources({ detectors: [envDetector] }));
}

/**
 * Sets up the export over OTLP/HTTP when SMITHERS_OTEL_ENABLED is 1 and an endpoint is set. OpenTelemetry itself reads
 * the other standard variables: headers, timeouts, compression, intervals, batches, samplers.
 * @param graceMs time limit of a push, including retries, unless a variable sets it; an exporter keeps the process
 *   alive for this long
 */
export function otlpFromEnv(log: Logger, graceMs: number): Otlp | undefined {
  if (!isEnabled()) return undefined;
  if (!sends("METRICS") && !sends("TRACES")) {
    log.warn({}, "No telemetry is sent: SMITHERS_OTEL_ENABLED is set, but OTEL_EXPORTER_OTLP_ENDPOINT is not.");
    return undefined;
  }
  const protocol = getStringFromEnv("OTEL_EXPORTER_OTLP_PROTOCOL");
  if (protocol === "grpc")
    log.warn({ protocol }, "The OTLP protocol grpc is not supported. Telemetry is sent over HTTP as JSON.");
  return {
    metricReader: sends("METRICS") ? metricReader(timeout("METRICS", graceMs)) : undefined,
    spanProcessor: sends("TRACES") ? spanProcessor(timeout("TRACES", graceMs)) : undefined,
  };
}

/** Exports spans over OTLP/HTTP as {@link otlpFromEnv} does; undefined when the environment asks for none. */
export function spanProcessorFromEnv(graceMs: number): SpanProcessor | undefined {
  return isEnabled() && sends("TRACES") ? spanProcessor(timeout("TRACES", graceMs)) : undefined;
}

function isEnabled(): boolean {
  return isOn("SMITHERS_OTEL_ENABLED") && !isOn("OTEL_SDK_DISABLED");
}

function sends(signal: "METRICS" | "TRACES"): boolean {
  const endpoint =
    getStringFromEnv("OTEL_EXPORTER_OTLP_ENDPOINT") ?? getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`);
  return getStringFromEnv(`OTEL_${signal}_EXPORTER`) !== "none" && endpoint !== undefined;
}

function metricReader(config: { timeoutMillis?: number }): IMetricReader {
  const { OTLPMetricExporter } = metricExporters();
  const exportIntervalMillis = positive("OTEL_METRIC_EXPORT_INTERVAL", 60_000);
  const exportTimeoutMillis = Math.min(positive("OTEL_METRIC_EXPORT_TIMEOUT", 30_000), exportIntervalMillis);
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(config),
    exportIntervalMillis,
    exportTimeoutMillis,
  });
}

function spanProcessor(config: { timeoutMillis?: number }): SpanProcessor {
  const { OTLPTraceExporter } = traceExporters();
  const { BatchSpanProcessor } = traceSdk();
  return new BatchSpanProcessor(withoutSecrets(new OTLPTraceExporter(config)));
}

function timeout(signal: "METRICS" | "TRACES", graceMs: number): { timeoutMillis?: number } {
  const said =
    getNumberFromEnv("OTEL_EXPORTER_OTLP_TIMEOUT") ?? getNumberFromEnv(`OTEL_EXPORTER_OTLP_${signal}_TIMEOUT`);
  return said === undefined ? { timeoutMillis: Math.max(graceMs, leastTimeoutMs) } : {};
}

function isOn(name: string): boolean {
  return /^(1|true)$/i.test(getStringFromEnv(name) ?? "");
}

function positive(name: string, fallback: number): number {
  const value = getNumberFromEnv(name);
  return value !== undefined && value > 0 ? value : fallback;
}
