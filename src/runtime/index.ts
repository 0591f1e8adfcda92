import { bun } from "./bun/index.ts";
import type { Runtime } from "./runtime.ts";

export { type Bundle, BundleError, type FoundPackage, type SourceProblem } from "./bundler.ts";
export { type ChildChannel, type ChildEnd, type ParentChannel, type SpawnOptions, sharedFd } from "./channel.ts";
export { findLine, sha1 } from "./source-text.ts";
export type { Driver, SqlValue } from "./sqlite.ts";

/** The runtime of this process. Bun is the only one that can run workflows so far. */
export const runtime: Runtime = bun;
