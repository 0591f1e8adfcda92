import { parseTraceParent } from "@opentelemetry/core";

/** A W3C `traceparent` header as it came; nothing when it is malformed, which is to be ignored. */
export function wellFormedTraceparent(header: string): string | undefined {
  return header.length <= 512 && parseTraceParent(header) ? header : undefined;
}
