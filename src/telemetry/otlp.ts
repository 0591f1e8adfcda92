import { createRequire } from "node:module";
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
import { packageVersion } from "./package-info.ts";

/** How metrics and spans leave the process. */
export interface Otlp {
  readonly metricReader: IMetricReader | undefined;
  readonly spanProcessor: SpanProcessor | undefined;
}

/** Who speaks, as the standard variables say it: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES. */
export function serviceResource(): Resource {
  return defaultResource()
    .merge(resourceFromAttributes({ "service.name": "smithers-orchestrator", "service.version": packageVersion }))
    .merge(detectResources({ detectors: [envDetector] }));
}

/**
 * Sends over OTLP/HTTP when SMITHERS_OTEL_ENABLED is 1 and an endpoint is set. The rest is said by the standard
 * variables, which OpenTelemetry reads itself: headers, timeouts, compression, intervals, batches, samplers.
 */
export function otlpFromEnv(log: Logger): Otlp | undefined {
  if (!isOn("SMITHERS_OTEL_ENABLED") || isOn("OTEL_SDK_DISABLED")) return undefined;
  const sends = (signal: "METRICS" | "TRACES") =>
    getStringFromEnv(`OTEL_${signal}_EXPORTER`) !== "none" &&
    (getStringFromEnv("OTEL_EXPORTER_OTLP_ENDPOINT") ?? getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`)) !==
      undefined;
  if (!sends("METRICS") && !sends("TRACES")) {
    log.warn({}, "SMITHERS_OTEL_ENABLED is set and OTEL_EXPORTER_OTLP_ENDPOINT is not: nothing is sent.");
    return undefined;
  }
  const protocol = getStringFromEnv("OTEL_EXPORTER_OTLP_PROTOCOL");
  if (protocol === "grpc") log.warn({ protocol }, "OTLP is sent over HTTP, as JSON, whatever the protocol asked for.");
  return {
    metricReader: sends("METRICS") ? metricReader() : undefined,
    spanProcessor: sends("TRACES") ? spanProcessor() : undefined,
  };
}

// Loaded only where they are used: the exporters take longer to load than all the rest of the package.
const require = createRequire(import.meta.url);

function metricReader(): IMetricReader {
  type Exporters = typeof import("@opentelemetry/exporter-metrics-otlp-http");
  const { OTLPMetricExporter } = require("@opentelemetry/exporter-metrics-otlp-http") as Exporters;
  const exportIntervalMillis = positive("OTEL_METRIC_EXPORT_INTERVAL", 60_000);
  const exportTimeoutMillis = Math.min(positive("OTEL_METRIC_EXPORT_TIMEOUT", 30_000), exportIntervalMillis);
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis,
    exportTimeoutMillis,
  });
}

function spanProcessor(): SpanProcessor {
  type Exporters = typeof import("@opentelemetry/exporter-trace-otlp-http");
  type Sdk = typeof import("@opentelemetry/sdk-trace-base");
  const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-http") as Exporters;
  const { BatchSpanProcessor } = require("@opentelemetry/sdk-trace-base") as Sdk;
  return new BatchSpanProcessor(new OTLPTraceExporter());
}

function isOn(name: string): boolean {
  return /^(1|true)$/i.test(getStringFromEnv(name) ?? "");
}

function positive(name: string, fallback: number): number {
  const value = getNumberFromEnv(name);
  return value !== undefined && value > 0 ? value : fallback;
}
