import { AsyncLocalStorage } from "node:async_hooks";
import type { ErrorRecord } from "../errors/index.ts";

/** What tools may read and change, beyond what their root folder says. Paths are absolute, or relative to the root. */
export interface FileRules {
  /** Files that no tool reads or writes, wherever they lie: databases, and what holds the server's environment. */
  privatePaths(): readonly string[];
  /** Modules that the server was started with. */
  readonly entries: readonly string[];
  /** Files and folders outside the root that commands may read. */
  readonly readable: readonly string[];
  /** Files and folders below the root that tools may change although the server loads them. */
  readonly writable: readonly string[];
}

/** A worktree that a task works in. */
export interface TaskWorktree {
  /** Its folder, absolute. */
  readonly path: string;
  /** The repository's `.git`, what a commit changes in it, and what in that stays read-only. */
  readonly repository: {
    readonly dir: string;
    readonly writable: readonly string[];
    readonly protected: readonly string[];
    /** Where a file would be such settings, and none is. */
    readonly watched: readonly string[];
  };
}

/** What a task's code knows about the attempt that runs it. */
export interface TaskContext {
  readonly runId: string;
  readonly nodeId: string;
  readonly iteration: number;
  /** Number of the attempt, counted from 1. */
  readonly attempt: number;
  /** Aborted when the run is cancelled, the task times out, or the process shuts down. */
  readonly signal: AbortSignal;
  /** A key that all attempts of this node in this iteration share. Pass it to services that deduplicate requests. */
  readonly idempotencyKey: string;
  /** The folder that the tools are confined to. */
  readonly rootDir: string;
  /** The folder below `rootDir` that the task confines its tools to, as a relative path; "" for the whole folder. */
  readonly narrowedTo: string;
  /** The folder that the task works in, which its tools are confined to. */
  readonly cwd: string;
  /** The worktree that the task works in. */
  readonly worktree: TaskWorktree | undefined;
  /** Whether `bash` may use the network. */
  readonly allowNetwork: boolean;
  /** Names of the tools that the task may call; undefined for all. */
  readonly allowedTools: ReadonlySet<string> | undefined;
  readonly fileRules: FileRules;
  /**
   * Emits text of the task as NodeOutput events. They are combined to at most a few per second, and limited to 200 KB
   * per attempt.
   */
  output(text: string, stream?: "stdout" | "stderr"): void;
  /**
   * Records a tool call. Once the promise resolves, the record survives a crash.
   * @throws TASK_CANCELLED when the attempt is over, LEASE_LOST
   */
  beginToolCall(call: ToolCallRequest): Promise<ToolCallHandle>;
  /** Reports that the task is alive; `data` is stored with the event. See `heartbeatTimeoutMs`. */
  heartbeat(data?: unknown): void;
}

/** A tool call, as the tool describes it. */
export interface ToolCallRequest {
  readonly toolName: string;
  /** Whether repeating the call has a further effect. */
  readonly repeats: boolean;
  /** What the tool is called with. Secrets are removed before it is stored. */
  readonly arguments?: unknown;
}

/** A recorded call that may be made now. */
export interface ToolCallHandle {
  /** A key that this call has in every attempt of the node, even after a resume. */
  readonly idempotencyKey: string;
  /**
   * Aborted with the attempt, and when the attempt is over: a call that the task's code does not await ends with the
   * attempt.
   */
  readonly signal: AbortSignal;
  /** Closes the record; `error` is null when the call succeeded. */
  end(error: ErrorRecord | null): void;
}

export type PrintedStream = "stdout" | "stderr";

/** Keeps what a task's code prints to the console. */
export type TaskPrinter = (text: string, stream: PrintedStream) => void;

const storage = new AsyncLocalStorage<{ readonly context: TaskContext; readonly print: TaskPrinter | undefined }>();

/**
 * Runs `body` so that {@link currentTask} finds `context` in it and in whatever it awaits.
 * @param print called with what it prints to the console of its workflow file
 */
export function runInTask<T>(context: TaskContext, body: () => T, print?: TaskPrinter): T {
  return storage.run({ context, print }, body);
}

/** The attempt that the calling code runs in, if it runs in one. */
export function currentTask(): TaskContext | undefined {
  return storage.getStore()?.context;
}

/** What keeps the console output of the calling code's attempt, if it runs in one. */
export function printerOfTask(): TaskPrinter | undefined {
  return storage.getStore()?.print;
}
