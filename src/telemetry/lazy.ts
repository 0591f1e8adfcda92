import { createRequire } from "node:module";
import { moduleFile } from "../package/index.ts";

const require = createRequire(import.meta.url);

// Loaded at first use: a server that exports nothing, or has not been asked yet, starts faster without these modules.

/** Modules of this folder that need OpenTelemetry's SDK. */
export const sdk = () => require(moduleFile("telemetry/sdk")) as Sdk;
export const core = () => require("@opentelemetry/core") as Core;
export const metricExporters = () => require("@opentelemetry/exporter-metrics-otlp-http") as MetricExporters;
export const traceExporters = () => require("@opentelemetry/exporter-trace-otlp-http") as TraceExporters;
export const traceSdk = () => require("@opentelemetry/sdk-trace-base") as TraceSdk;
export const asyncContext = () => require("@opentelemetry/context-async-hooks") as AsyncContext;
export const prometheus = () => require("@opentelemetry/exporter-prometheus") as Prometheus;

type Sdk = typeof import("./sdk.ts");
type Core = typeof import("@opentelemetry/core");
type MetricExporters = typeof import("@opentelemetry/exporter-metrics-otlp-http");
type TraceExporters = typeof import("@opentelemetry/exporter-trace-otlp-http");
type TraceSdk = typeof import("@opentelemetry/sdk-trace-base");
type AsyncContext = typeof import("@opentelemetry/context-async-hooks");
type Prometheus = typeof import("@opentelemetry/exporter-prometheus");
