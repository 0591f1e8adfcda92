import type { Loader } from "../loader/index.ts";
import type { Store } from "../store/index.ts";
import type { Telemetry } from "../telemetry/index.ts";
import type { Homes } from "./homes.ts";
import type { ResolvedServerOptions } from "./options.ts";

/** What the routes of one server share. */
export interface ServerContext {
  readonly options: ResolvedServerOptions;
  readonly homes: Homes;
  readonly loader: Loader;
  readonly telemetry: Telemetry;
  /** Every database that is open. */
  stores(): readonly Store[];
  /** Ends the event streams that are open. */
  readonly streams: AbortController;
}
