export { catalogue, labels, type Metric, prometheusType } from "./catalogue.ts";
export { createLogger, type LogLevel, logLevels } from "./log.ts";
export { prometheusContentType, Telemetry } from "./telemetry.ts";
export { wellFormedTraceparent } from "./traceparent.ts";
