import { core } from "./lazy.ts";

/** Returns a W3C `traceparent` header unchanged; undefined when it is malformed, which the standard says to ignore. */
export function wellFormedTraceparent(header: string): string | undefined {
  return header.length <= 512 && core().parseTraceParent(header) ? header : undefined;
}
