/** What needs OpenTelemetry's SDK: a file of its own in `dist`, loaded by `sdk` of lazy.ts at its first use. */
export { DiagLogLevel, diag } from "@opentelemetry/api";
export { Meters } from "./meters.ts";
export { otlpFromEnv } from "./otlp.ts";
export { Tracing } from "./tracing.ts";
