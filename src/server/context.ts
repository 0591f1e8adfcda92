import type { WorkflowCatalogue } from "../loader/index.ts";
import type { RunReader } from "../runs/index.ts";
import type { Store } from "../store/index.ts";
import type { Telemetry } from "../telemetry/index.ts";
import type { ChangeHub } from "./changes/hub.ts";
import type { ServerDatabases } from "./databases.ts";
import type { ResolvedServerOptions } from "./options.ts";

/** What the routes of one server share. */
export interface ServerContext {
  readonly options: ResolvedServerOptions;
  readonly databases: ServerDatabases;
  readonly reader: RunReader;
  readonly catalogue: WorkflowCatalogue;
  readonly changes: ChangeHub;
  readonly telemetry: Telemetry;
  /** All open databases. */
  stores(): readonly Store[];
  /** Aborting it ends the open event streams. */
  readonly streams: AbortController;
}
