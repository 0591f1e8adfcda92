export { AttemptContexts } from "./attempt-contexts.ts";
export { catalogue, labels, type Metric, prometheusType } from "./catalogue.ts";
export { createLogger, type LogLevel, logLevels } from "./log.ts";
export { prometheusContentType } from "./pull-reader.ts";
export { type AnsweredRequest, Telemetry } from "./telemetry.ts";
export { wellFormedTraceparent } from "./traceparent.ts";
