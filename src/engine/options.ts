import type { RunConfig } from "../api/index.ts";
import type { FileRules } from "../jsx/index.ts";
import type { Run } from "../model/index.ts";
import type { Idempotency, Store } from "../store/index.ts";
import type { Logger } from "./logger.ts";
import type { EngineObserver } from "./observer.ts";
import type { Places } from "./places.ts";
import type { HolderParts, RunHolder } from "./run-holder.ts";
import type { WorkflowRef, WorkflowSource } from "./source.ts";

/**
 * Which runs an engine continues by itself: `all` runs of its store, its `own` (those that it has started or resumed),
 * or `none`, when it only records decisions and signals for other engines.
 */
export type EngineScope = "all" | "own" | "none";

/** How an engine looks after the runs of a store. */
export interface EngineSettings {
  readonly store: Store;
  /** Defaults to `all`. */
  readonly scope?: EngineScope;
  /** Whether it takes over runs of its scope whose owner has died. Defaults to true. */
  readonly recoversOrphans?: boolean;
  /** Defaults to {@link troubleOnly}: warnings and errors on stderr. */
  readonly log?: Logger;
  readonly observer?: EngineObserver;
  /** Whether `observer` and the feed also receive what other engines of this process do on this database. */
  readonly observesLocalEngines?: boolean;
  /** How often the leases of active runs are renewed, in ms. Defaults to 5000. */
  readonly heartbeatMs?: number;
  /** How long after its last heartbeat an owner counts as dead, in ms. Defaults to 30000. */
  readonly staleMs?: number;
  /** The places for attempts of all runs that share the bound; undefined without one. */
  readonly places?: Places;
  /** How often in a row a task, or a run without progress, may end its process before it fails. Defaults to 5. */
  readonly maxCrashes?: number;
}

/** What executing runs in this process takes. */
export interface ExecutionOptions {
  /** The folder that tools are confined to. */
  readonly rootDir: string;
  readonly allowNetwork: boolean;
  /** What tools may read and change. The store's own files are private anyway. */
  readonly fileRules?: Partial<FileRules>;
  /** Finds the workflow of a run that this engine has not started itself. */
  readonly resolveWorkflow: (run: Pick<Run, "runId" | "workflowPath">) => Promise<WorkflowSource>;
}

export interface LocalEngineOptions extends EngineSettings, ExecutionOptions {
  readonly holderOf?: undefined;
}

/** The options of an engine that executes its runs elsewhere. */
export interface RemoteEngineOptions extends EngineSettings {
  /** Makes what executes the runs. */
  holderOf(parts: HolderParts): RunHolder;
}

export type EngineOptions = LocalEngineOptions | RemoteEngineOptions;

export interface RunRequest {
  readonly input: unknown;
  readonly runId?: string;
  /** The listed name until the workflow's own is rendered. Absent: it has none until then. */
  readonly workflowName?: string;
  readonly config?: RunConfig;
  /** The W3C trace context of the request. */
  readonly traceparent?: string;
  /** Whether the run is recorded before its first turn begins. By default they share a transaction. */
  readonly recordsFirst?: boolean;
  /** Requests with the same key start one run. */
  readonly idempotency?: Idempotency;
}

export type StartRequest = WorkflowRef & RunRequest;
