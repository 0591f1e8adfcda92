import type { Loader } from "../loader/index.ts";
import type { Store } from "../store/index.ts";
import type { Telemetry } from "../telemetry/index.ts";
import type { ResolvedServerOptions } from "./options.ts";
import type { RunDatabases } from "./run-databases.ts";

/** What the routes of one server share. */
export interface ServerContext {
  readonly options: ResolvedServerOptions;
  readonly homes: RunDatabases;
  readonly loader: Loader;
  readonly telemetry: Telemetry;
  /** All open databases. */
  stores(): readonly Store[];
  /** Aborting it ends the open event streams. */
  readonly streams: AbortController;
}
