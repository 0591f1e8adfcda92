import type { RunConfig } from "../api/index.ts";
import type { Run } from "../model/index.ts";
import type { Idempotency, Store } from "../store/index.ts";
import type { Logger } from "./logger.ts";
import type { EngineObserver } from "./observer.ts";
import type { WorkflowSource } from "./source.ts";

/**
 * Which runs an engine continues by itself: every run of its store, those that it has started or resumed itself, or
 * none, when it only records what others are to execute.
 */
export type EngineScope = "all" | "own" | "none";

export interface EngineOptions {
  readonly store: Store;
  /** Defaults to `all`. */
  readonly scope?: EngineScope;
  /** Whether it takes over runs of its scope that a crash has left. Defaults to true. */
  readonly recoversOrphans?: boolean;
  /** The folder that tools are confined to. */
  readonly rootDir: string;
  readonly allowNetwork: boolean;
  /** Files that no tool may read or write, beside the store's own. */
  readonly privatePaths?: () => readonly string[];
  /** Finds the workflow of a run that this engine has not started itself. */
  readonly resolveWorkflow: (run: Run) => Promise<WorkflowSource>;
  /** Defaults to what went wrong, on stderr. */
  readonly log?: Logger;
  readonly observer?: EngineObserver;
  /** Whether `observer` and the feed are also told of what other engines of this process do on this database. */
  readonly observesLocalEngines?: boolean;
  /** How often an active run's lease is renewed. Defaults to 5000. */
  readonly heartbeatMs?: number;
  /** After which silence an owner counts as dead. Defaults to 30000. */
  readonly staleMs?: number;
  /** How often in a row a task, or a run in which nothing is achieved, may end its process before it is failed. Defaults to 5. */
  readonly maxCrashes?: number;
}

export interface StartRequest extends WorkflowSource {
  readonly input: unknown;
  readonly runId?: string;
  /** As it is listed, until the workflow has rendered its name. */
  readonly workflowName: string;
  readonly config?: RunConfig;
  /** The W3C trace context of the request. */
  readonly traceparent?: string;
  /** Requests under one key are one request. */
  readonly idempotency?: Idempotency;
}
