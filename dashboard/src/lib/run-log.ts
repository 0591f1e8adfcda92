import type { RunEvent } from "smithers-orchestrator/client";

export type NodeState =
  | "pending"
  | "in-progress"
  | "waiting-approval"
  | "waiting-event"
  | "waiting-timer"
  | "waiting-quota"
  | "finished"
  | "failed"
  | "cancelled"
  | "skipped";

/** A stretch of a node's time: an attempt, or a wait. */
export interface Span {
  readonly kind: "attempt" | "wait";
  readonly attempt: number;
  readonly fromMs: number;
  toMs: number | undefined;
  end: "finished" | "failed" | "cancelled" | undefined;
}

/** What the events tell of one node in one iteration. */
export interface NodeLog {
  readonly nodeId: string;
  readonly iteration: number;
  state: NodeState;
  attempts: number;
  readonly spans: Span[];
  /** Where the node waits for a signal. */
  signal: { name: string; correlationId: string | null; dataSchema: Record<string, unknown> | undefined } | undefined;
  firesAtMs: number | undefined;
  error: { code: string; message: string } | undefined;
  inputTokens: number;
  outputTokens: number;
}

export const nodeKey = (nodeId: string, iteration: number): string => `${iteration}:${nodeId}`;

/** The most events that are kept for reading; what is derived from older ones stays. */
const maxKept = 20_000;

/** A run as its events tell it. It is changed in place; `version` grows with each change. */
export class RunLog {
  version = 0;
  events: RunEvent[] = [];
  /** How many of the first events were let go. */
  dropped = 0;
  readonly nodes = new Map<string, NodeLog>();
  /** The states of subflows that have not ended, as the server told them: their waits are events of their own runs. */
  subflows: ReadonlyMap<string, NodeState> = new Map();
  frameNo = 0;
  /** When each frame was committed. */
  readonly frames: { frameNo: number; seq: number; atMs: number }[] = [];
  startedAtMs: number | undefined;
  endedAtMs: number | undefined;
  lastSeq = 0;
  #isFinished = false;

  take(events: readonly RunEvent[]): void {
    for (const event of events) this.#take(event);
    this.events.push(...events);
    if (this.events.length > maxKept * 1.25) {
      this.dropped += this.events.length - maxKept;
      this.events = this.events.slice(-maxKept);
    }
    this.version += 1;
  }

  node(nodeId: string, iteration: number): NodeLog | undefined {
    return this.nodes.get(nodeKey(nodeId, iteration));
  }

  /**
   * The state of the node with this {@link nodeKey}. One of which nothing is known has not begun: it is `pending`, or
   * `skipped` when the run has finished without it.
   */
  stateOf(key: string): NodeState {
    const state = this.nodes.get(key)?.state ?? (this.#isFinished ? "skipped" : "pending");
    return state === "in-progress" ? (this.subflows.get(key) ?? state) : state;
  }

  #take(event: RunEvent): void {
    this.lastSeq = event.seq;
    this.startedAtMs ??= event.timestampMs;
    this.#takeOfRun(event);
    if ("nodeId" in event && typeof event.nodeId === "string") this.#takeOfNode(event);
  }

  #takeOfRun(event: RunEvent): void {
    const { timestampMs: atMs } = event;
    switch (event.type) {
      case "RunFinished":
      case "RunFailed":
      case "RunCancelled":
      case "RunContinuedAsNew":
        this.endedAtMs = atMs;
        this.#isFinished = event.type === "RunFinished";
        return;
      case "RunStatusChanged":
        if (event.status === "running") this.endedAtMs = undefined;
        return;
      case "FrameCommitted":
        this.frameNo = event.frameNo;
        this.frames.push({ frameNo: event.frameNo, seq: event.seq, atMs });
    }
  }

  #takeOfNode(event: Extract<RunEvent, { nodeId: string }>): void {
    const { timestampMs: atMs } = event;
    const node = this.#of(event.nodeId, event.iteration);
    switch (event.type) {
      case "NodePending":
        node.state = "pending";
        node.error = undefined;
        return this.#close(node, atMs, "cancelled");
      case "NodeStarted":
        node.state = "in-progress";
        node.attempts = event.attempt;
        this.#close(node, atMs, "failed");
        node.spans.push({ kind: "attempt", attempt: event.attempt, fromMs: atMs, toMs: undefined, end: undefined });
        return;
      case "NodeRetrying":
        node.state = "pending";
        node.error = event.error;
        return this.#close(node, atMs, "failed");
      case "NodeWaitingQuota":
        node.error = event.error;
        this.#close(node, atMs, "failed");
        return this.#wait(node, "waiting-quota", atMs);
      case "NodeFinished":
        node.state = "finished";
        node.error = undefined;
        if (node.spans.length === 0) this.#point(node, atMs);
        return this.#close(node, atMs, "finished");
      case "NodeFailed":
        node.state = "failed";
        node.error = event.error;
        if (node.spans.length === 0) this.#point(node, atMs);
        return this.#close(node, atMs, "failed");
      case "NodeCancelled":
        node.state = "cancelled";
        return this.#close(node, atMs, "cancelled");
      case "NodeSkipped":
        node.state = "skipped";
        return this.#close(node, atMs, "cancelled");
      case "NodeWaitingApproval":
        return this.#wait(node, "waiting-approval", atMs);
      case "NodeWaitingEvent":
        node.signal = { name: event.eventName, correlationId: event.correlationId, dataSchema: event.dataSchema };
        return this.#wait(node, "waiting-event", atMs);
      case "NodeWaitingTimer":
        node.firesAtMs = event.firesAtMs;
        return this.#wait(node, "waiting-timer", atMs);
      case "TokenUsageReported":
        node.inputTokens += event.inputTokens ?? 0;
        node.outputTokens += event.outputTokens ?? 0;
    }
  }

  #of(nodeId: string, iteration: number): NodeLog {
    const key = nodeKey(nodeId, iteration);
    let node = this.nodes.get(key);
    if (!node) {
      node = {
        nodeId,
        iteration,
        state: "pending",
        attempts: 0,
        spans: [],
        signal: undefined,
        firesAtMs: undefined,
        error: undefined,
        inputTokens: 0,
        outputTokens: 0,
      };
      this.nodes.set(key, node);
    }
    return node;
  }

  #wait(node: NodeLog, state: NodeState, atMs: number): void {
    node.state = state;
    this.#close(node, atMs, "cancelled");
    node.spans.push({ kind: "wait", attempt: 0, fromMs: atMs, toMs: undefined, end: undefined });
  }

  #point(node: NodeLog, atMs: number): void {
    node.spans.push({ kind: "attempt", attempt: 0, fromMs: atMs, toMs: undefined, end: undefined });
  }

  #close(node: NodeLog, atMs: number, end: Span["end"]): void {
    const last = node.spans.at(-1);
    if (!last || last.toMs !== undefined) return;
    last.toMs = atMs;
    last.end = end;
  }
}

/** The run as it stood when this frame was committed. */
export function logUntil(events: readonly RunEvent[], seq: number): RunLog {
  const log = new RunLog();
  log.take(events.filter((event) => event.seq <= seq));
  return log;
}
