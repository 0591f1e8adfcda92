import type { Moment } from "../model/index.ts";
import { bun } from "./bun/index.ts";
import type { Runtime } from "./runtime.ts";

export { type Bundle, BundleError, type FoundPackage, maxSourceBytes, type SourceProblem } from "./bundler.ts";
export { type ChildChannel, type ChildEnd, type ParentChannel, type SpawnOptions, sharedFd } from "./channel.ts";
export { findLine, sha1 } from "./source-text.ts";
export type { Driver, SqlValue } from "./sqlite.ts";
export type { SteadyClock } from "./steady-clock.ts";

/** The runtime of this process. Bun is the only one that can run workflows so far. */
export const runtime: Runtime = bun;

/** This moment. */
export function moment(): Moment {
  // The wall clock first: what is due by the other one is then never early by it.
  const nowMs = Date.now();
  return { nowMs, steadyMs: runtime.steadyClock.nowMs(), steadyClock: runtime.steadyClock.id };
}
