import type { DecisionBody, SignalBody } from "../api/index.ts";
import type { CommittedEvent, Signal, ToolCall } from "../model/index.ts";
import type { TakenRun } from "./snapshots.ts";
import type { Lease } from "./turn.ts";

/** A client's statement that requests with the same key are one request. */
export interface Idempotency {
  readonly key: string;
  readonly bodyHash: string;
}

/** The run that a start has recorded or found. */
export interface Started {
  readonly runId: string;
  /** Empty when the run of the key existed already. */
  readonly events: CommittedEvent[];
}

/** A tool call to record. */
export interface NewToolCall
  extends Pick<ToolCall, "nodeId" | "iteration" | "attempt" | "callNo" | "toolName" | "idempotencyKey" | "arguments"> {
  /** Whether repeating the call has a further effect. */
  readonly repeats: boolean;
}

export interface BegunToolCall {
  /** Whether an earlier attempt has started the same call, so that it must not be repeated. */
  readonly replayed: boolean;
  readonly events: CommittedEvent[];
}

/** A person's decision on an approval. */
export interface Decision extends DecisionBody {
  readonly runId: string;
  readonly nodeId: string;
  readonly status: "granted" | "denied";
}

export interface NewSignal extends SignalBody {
  readonly runId: string;
  readonly name: string;
}

export interface ReceivedSignal {
  readonly signal: Signal;
  readonly events: CommittedEvent[];
  /** The run, if it was taken for the owner that was named. */
  readonly taken?: TakenRun;
}

/** A node; by default, in the last iteration in which it failed. */
export interface NodeToRetry {
  readonly runId: string;
  readonly nodeId: string;
  readonly iteration?: number;
}

export interface RetriedNode {
  readonly iteration: number;
  readonly events: CommittedEvent[];
}

/** A failed run that was taken and runs again. */
export interface Reopened {
  readonly lease: Lease;
  readonly events: CommittedEvent[];
}

/** An output schema in the store: its key, a hash of its shape, and the names of its properties. */
export interface SchemaRecord {
  readonly key: string;
  readonly hash: string;
  readonly columns: readonly string[];
}
