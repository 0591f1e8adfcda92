import type { Logger, RunRequest } from "../engine/index.ts";
import type { ErrorRecord } from "../errors/index.ts";
import type { FileRules } from "../jsx/index.ts";
import type { Run } from "../model/index.ts";
import type { Lease, NewSignal } from "../store/index.ts";
import type { Noted, Undone } from "../tools/guard/index.ts";
import type { WithInputJson } from "./as-json.ts";
import type { StoreIdentity } from "./remote-store.ts";
import type { StorePart } from "./store-methods.ts";

/** What a worker needs to execute runs, in addition to a store. */
export interface WorkerSettings {
  readonly rootDir: string;
  readonly allowNetwork: boolean;
  readonly files: Pick<FileRules, "entries" | "readable" | "writable">;
  /** Globs of the files that may be started; undefined for all. */
  readonly workflows: readonly string[] | undefined;
  readonly heartbeatMs: number;
  readonly staleMs: number;
  readonly maxCrashes: number;
  /** Whether attempts need a place among those of the server. */
  readonly isBounded: boolean;
  /** Names of environment variables that a worker must not see, whatever file Bun reads them from. */
  readonly hiddenEnv: readonly string[];
}

/** A run to start from a file. */
export interface FileStart {
  readonly path: string;
  /** The id of the run that has the wanted run id already. It is refused once the file has been loaded. */
  readonly existing: string | undefined;
  /** The store of runs whose workflow names no database of its own. */
  readonly main: StoreIdentity;
  readonly request: WithInputJson<RunRequest & { readonly runId: string }>;
}

/** How a worker claims a run. */
export interface RemoteClaim {
  readonly store: StoreIdentity;
  readonly run: WithInputJson<Run>;
  /** The file to load instead of the run's own. */
  readonly path: string | undefined;
  readonly forced: ReadonlySet<string> | undefined;
  /** Ids of nodes of which each runs only while nothing else of the run does. */
  readonly alone: ReadonlySet<string> | undefined;
  readonly isOrphan: boolean;
  /** The run's lease, which the server has taken. */
  readonly lease: Lease | undefined;
}

/** What is known of a workflow once its file has been loaded. */
export interface LoadedFile {
  readonly workflowPath: string;
  /** JSON Schema of the input; undefined when the workflow takes any. */
  readonly inputSchema: Record<string, unknown> | undefined;
}

/** What a worker answers. */
export type WorkerCalls = {
  begin(settings: WorkerSettings): Promise<void>;
  /** Starts a run; resolves with its id once it is recorded. */
  start(start: FileStart): Promise<string>;
  claim(claim: RemoteClaim): Promise<boolean>;
  /** Checks the data of a signal that a wait is open for. Returns whether the wait was found. */
  checkSignal(store: StoreIdentity, signal: NewSignal): Promise<boolean>;
  load(path: string): Promise<LoadedFile>;
  /** Releases all runs of a store: running attempts get `graceMs` to end. */
  stop(storeId: string, graceMs: number): Promise<void>;
  /** Removes what the worker has written to the disk. It is ended afterwards. */
  end(): Promise<void>;
  notify(storeId: string, runId: string): void;
  /** A place is free for an attempt of the run, which has asked for one. */
  placeFree(storeId: string, runId: string, leaseNo: number): void;
  /** Another process has taken the run. */
  abandon(storeId: string, runId: string, leaseNo: number): void;
  trouble(storeId: string, record: ErrorRecord | undefined): void;
  ping(number: number): void;
};

/** What the server answers to a worker. */
export type ServerCalls = {
  /** Calls a method of a store: see `StoreHost`. */
  store(storeId: string, part: StorePart, name: string, args: readonly unknown[]): Promise<unknown>;
  /** Commits a turn with large texts: see `StoreHost`. */
  commitLargeTurn(storeId: string, turn: string, texts: readonly string[]): Promise<unknown>;
  /** Waits for room for large values on their way to or from the worker; resolves with the number to give it back by. */
  takeRoom(bytes: number): Promise<number>;
  giveRoom(number: number): void;
  /** See `RunPlaces.ask`. */
  askPlaces(storeId: string, runId: string, leaseNo: number, running: number, wanted: number): Promise<number>;
  /** See `RunPlaces.release`. */
  releasePlaces(storeId: string, runId: string, leaseNo: number): void;
  /** Opens the database that a workflow names for its runs. */
  openDatabase(dbPath: string): Promise<StoreIdentity>;
  /** Watches paths while a command runs; see `CommandWatch`. Resolves with the watch's number. */
  beginCommand(noted: readonly (readonly [path: string, noted: Noted])[]): Promise<number>;
  endCommand(number: number): Promise<readonly Undone[]>;
  undoRunning(): Promise<boolean>;
  hasPlanted(paths: readonly string[]): Promise<boolean>;
  /** The worker no longer executes a run, whose lease it has not given up. */
  gaveUp(storeId: string, runId: string): void;
  log(level: keyof Logger, facts: object, message: string): void;
  pong(number: number): void;
};
