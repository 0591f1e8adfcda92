import type { Moment } from "../model/index.ts";
import { bun } from "./bun/index.ts";
import type { Runtime } from "./runtime.ts";

export { type Bundle, BundleError, type FoundPackage, maxSourceBytes, type SourceProblem } from "./bundler.ts";
export { type ChildChannel, type ChildEnd, type ParentChannel, sharedFd } from "./channel.ts";
export { findLine, sha1 } from "./source-text.ts";
export type { Driver, SqlValue } from "./sqlite.ts";

/** The runtime of this process. Bun is the only one that can run workflows so far. */
export const runtime: Runtime = bun;

/** This moment. */
export function moment(): Moment {
  // The wall clock first: what is due by the other one is then never early by it.
  const nowMs = Date.now();
  return { nowMs, steadyMs: runtime.steadyClock.nowMs(), steadyClock: runtime.steadyClock.id };
}

let lastRunIdMs = 0;

/**
 * A new run's id: a UUID of version 7 (RFC 9562). The ids of one process sort in the order of their making, also within
 * a millisecond and when the clock goes back: rows of runs that are active at one time lie next to each other then, and
 * a commit writes fewer pages.
 */
export function newRunId(): string {
  lastRunIdMs = Math.max(lastRunIdMs, Date.now());
  return runtime.uuidAt(lastRunIdMs);
}
