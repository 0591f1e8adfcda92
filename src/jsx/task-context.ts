import { AsyncLocalStorage } from "node:async_hooks";
import type { ErrorRecord } from "../errors/index.ts";

/** What the code of a task is told about the attempt that runs it. */
export interface TaskContext {
  readonly runId: string;
  readonly nodeId: string;
  readonly iteration: number;
  /** From 1. */
  readonly attempt: number;
  /** Aborted when the run is cancelled, the task times out, or the process shuts down. */
  readonly signal: AbortSignal;
  /** The same for every attempt of this node in this iteration: give it to services that deduplicate. */
  readonly idempotencyKey: string;
  /** The folder that the tools are confined to. */
  readonly rootDir: string;
  /** The folder below `rootDir` that the task has confined its tools to, as a path of names; "" for all of it. */
  readonly narrowedTo: string;
  /** Whether `bash` may use the network. */
  readonly allowNetwork: boolean;
  /** The tools that the task may call, by name; any when absent. */
  readonly allowedTools: ReadonlySet<string> | undefined;
  /** Files that no tool reads or writes wherever they lie: the databases, and what holds the server's token. */
  readonly privatePaths: readonly string[];
  /** Shows what the work says as NodeOutput events: gathered, at most a few a second, and 200 KB an attempt. */
  output(text: string, stream?: "stdout" | "stderr"): void;
  /**
   * Records a tool's call. When the promise resolves, the record survives a crash.
   * @throws TASK_CANCELLED when the attempt is over, LEASE_LOST
   */
  beginToolCall(call: ToolCallRequest): Promise<ToolCallHandle>;
  /** Tells that the task is alive; `data` is kept with the event. See `heartbeatTimeoutMs`. */
  heartbeat(data?: unknown): void;
}

/** A tool's call, as its tool describes it. */
export interface ToolCallRequest {
  readonly toolName: string;
  /** Whether making it twice does more than making it once. */
  readonly repeats: boolean;
}

/** A call that is recorded and may be made. */
export interface ToolCallHandle {
  /** The same for this call in every attempt of the node, also after a resume. */
  readonly idempotencyKey: string;
  /** Aborted with the attempt, and when the attempt is over: a call that its code has not waited for ends with it. */
  readonly signal: AbortSignal;
  /** Closes the record; `error` is null when the call succeeded. */
  end(error: ErrorRecord | null): void;
}

const storage = new AsyncLocalStorage<TaskContext>();

/** Runs `body` so that {@link currentTask} finds `context` in it and in whatever it awaits. */
export function runInTask<T>(context: TaskContext, body: () => T): T {
  return storage.run(context, body);
}

/** The attempt that the calling code runs in, if it runs in one. */
export function currentTask(): TaskContext | undefined {
  return storage.getStore();
}
