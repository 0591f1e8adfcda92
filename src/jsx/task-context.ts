import { AsyncLocalStorage } from "node:async_hooks";

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
  /** Whether `bash` may use the network. */
  readonly allowNetwork: boolean;
  /** Tells that the task is alive; `data` is kept with the event. See `heartbeatTimeoutMs`. */
  heartbeat(data?: unknown): void;
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
