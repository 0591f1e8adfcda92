import type { ErrorRecord } from "../../errors/index.ts";
import { isOwnOutput } from "../../jsx/index.ts";
import {
  type Approval,
  type Attempt,
  type Moment,
  type NewEvent,
  type Node,
  type NodeState,
  notBegun,
  noWake,
  type Output,
  type Signal,
} from "../../model/index.ts";
import { nodeKey, type PlannedTask } from "../../plan/index.ts";
import type {
  AttemptEnd,
  ChildPlace,
  ChildStart,
  FrameRecord,
  Lease,
  RunChange,
  Successor,
  ToolCallEnd,
  TurnRecord,
} from "../../store/index.ts";
import type { TaskValue } from "../attempt/value.ts";
import type { RunState } from "./run-state.ts";

type NewOutput = Pick<Output, "nodeId" | "schemaKey">;

/**
 * The changes of one turn: applied to the run state at once, and gathered for the commit. When the commit is refused,
 * the run state is discarded too.
 */
export class TurnDraft {
  readonly runState: RunState;
  readonly now: Moment;
  readonly #nodes = new Set<Node>();
  readonly #startedAttempts: Attempt[] = [];
  readonly #endedAttempts: AttemptEnd[] = [];
  readonly #endedToolCalls: ToolCallEnd[] = [];
  readonly #outputs: TurnRecord["outputs"][number][] = [];
  readonly #approvals: Approval[] = [];
  readonly #consumedSignals: TurnRecord["consumedSignals"][number][] = [];
  readonly #timers: TurnRecord["timers"][number][] = [];
  readonly #cached: TurnRecord["cached"][number][] = [];
  readonly #events: NewEvent[] = [];
  readonly #run: RunChange = {};
  readonly #children: ChildStart[] = [];
  readonly #unwantedChildren: ChildPlace[] = [];
  #newOutputs: NewOutput[] = [];
  #hasNewFailure = false;
  /** Decisions that this turn applied. They are stored already. */
  readonly decisions: Approval[] = [];
  frame: FrameRecord | undefined;
  /** Where the error was thrown that has ended the run, for the log. */
  stack: string | undefined;
  /** The run that continues this one, when the turn ends it so. */
  successor: Successor | undefined;

  /** Adds to the error of a node its place in the source, if it has none and that is known. */
  readonly located: (error: ErrorRecord, nodeId: string) => ErrorRecord;

  constructor(runState: RunState, now: Moment, located = (error: ErrorRecord, _nodeId: string) => error) {
    this.runState = runState;
    this.now = now;
    this.located = located;
  }

  /** The time of the turn by the wall clock. */
  get nowMs(): number {
    return this.now.nowMs;
  }

  get isEmpty(): boolean {
    return this.#nodes.size === 0 && this.#events.length === 0 && Object.keys(this.#run).length === 0;
  }

  /** Returns the outputs added since the last call. */
  takeNewOutputs(): readonly NewOutput[] {
    const taken = this.#newOutputs;
    this.#newOutputs = [];
    return taken;
  }

  /** Whether a node has failed for good since the last call. */
  takeNewFailure(): boolean {
    const taken = this.#hasNewFailure;
    this.#hasNewFailure = false;
    return taken;
  }

  /** The events of this turn so far. */
  get events(): readonly NewEvent[] {
    return this.#events;
  }

  emit(event: NewEvent): void {
    this.#events.push(event);
  }

  /** Emits the event of the turn's frame, if it has one. Call it before the run's end, which must be the last event. */
  emitFrame(): void {
    if (this.frame)
      this.emit({ type: "FrameCommitted", frameNo: this.frame.frameNo, xmlHash: this.frame.tree.xmlHash });
  }

  /** Changes the run's row. */
  changeRun(change: RunChange): void {
    Object.assign(this.#run, change);
    const { release, ...fields } = change;
    if (release) this.#noteProgress();
    Object.assign(this.runState.run, fields);
  }

  /** Resets the crash count: a run that makes progress is not what its former owners died of. */
  #noteProgress(): void {
    if (this.runState.run.crashes > 0) this.changeRun({ crashes: 0 });
  }

  /** Adds a node for a task that is mounted for the first time. */
  mount(task: PlannedTask): Node {
    const node: Node = {
      runId: this.runState.runId,
      nodeId: task.nodeId,
      iteration: task.iteration,
      kind: task.spec.kind,
      ordinal: task.ordinal,
      label: task.spec.label,
      loopId: task.loopId,
      attempt: 0,
      ...notBegun,
    };
    this.runState.putNode(node);
    this.#nodes.add(node);
    this.emit({ type: "NodePending", nodeId: node.nodeId, iteration: node.iteration });
    return node;
  }

  changeNode(node: Node, change: Partial<Node>): void {
    Object.assign(node, change);
    this.runState.noteState(node);
    this.#nodes.add(node);
  }

  /** Ends a node without an output. */
  settle(
    node: Node,
    state: Extract<NodeState, "failed" | "skipped" | "cancelled">,
    given: ErrorRecord | null = null,
  ): void {
    const error = given && this.located(given, node.nodeId);
    this.#noteProgress();
    this.changeNode(node, { state, finishedAtMs: this.nowMs, ...noWake, error });
    const at = { nodeId: node.nodeId, iteration: node.iteration };
    if (state === "failed") this.#hasNewFailure = true;
    if (state === "failed") this.emit({ type: "NodeFailed", ...at, attempt: node.attempt, error: error! });
    else this.emit({ type: state === "skipped" ? "NodeSkipped" : "NodeCancelled", ...at });
  }

  /** Ends a node with an output. */
  finish(node: Node, output: { schemaKey: string; schemaHash: string } & TaskValue, cached = false): void {
    const { nodeId, iteration } = node;
    this.#noteProgress();
    this.changeNode(node, { state: "finished", finishedAtMs: this.nowMs, ...noWake, error: null });
    this.#outputs.push({
      runId: this.runState.runId,
      nodeId,
      iteration,
      outputNo: this.runState.nextOutputNo(),
      schemaKey: output.schemaKey,
      schemaHash: output.schemaHash,
      json: output.json,
    });
    this.runState.putOutput(
      {
        nodeId,
        iteration,
        schemaKey: output.schemaKey,
        schemaHash: output.schemaHash,
        value: output.value,
      },
      output.json.length,
    );
    this.#newOutputs.push({ nodeId, schemaKey: output.schemaKey });
    // A timer's firing and the removal of a worktree are not results of the run.
    if (node.kind !== "timer" && !isOwnOutput(output.schemaKey))
      this.changeRun({ outputNodeId: nodeId, outputIteration: iteration });
    this.emit({ type: "NodeFinished", nodeId, iteration, attempt: node.attempt, ...(cached ? { cached } : {}) });
  }

  /** Records an attempt before its code starts. */
  startAttempt(node: Node): Attempt {
    this.changeNode(node, {
      state: "in-progress",
      attempt: node.attempt + 1,
      startedAtMs: node.startedAtMs ?? this.nowMs,
      ...noWake,
    });
    const { nodeId, iteration, attempt } = node;
    this.emit({ type: "NodeStarted", nodeId, iteration, attempt });
    const started: Attempt = {
      runId: this.runState.runId,
      nodeId,
      iteration,
      attempt,
      state: "running",
      startedAtMs: this.nowMs,
      finishedAtMs: null,
      error: null,
      stack: null,
    };
    this.#startedAttempts.push(started);
    this.runState.putAttemptStart(nodeKey(nodeId, iteration), this.nowMs);
    return started;
  }

  /** Starts the run of a Subflow with the turn, unless it has one. */
  startChild(node: Node, child: ChildStart): void {
    this.#children.push(child);
    this.runState.forgetChild(nodeKey(node.nodeId, node.iteration));
  }

  /** Cancels the run of a Subflow with the turn. */
  cancelChild({ nodeId, iteration }: Node): void {
    this.#unwantedChildren.push({ nodeId, iteration });
  }

  /**
   * Ends a node's last attempt.
   * @param how why it failed, if it has, and whether it called tools: false when it has certainly begun no call
   */
  endAttempt(
    node: Node,
    state: AttemptEnd["state"],
    {
      error = null,
      stack = null,
      calledTools = true,
    }: Partial<Pick<AttemptEnd, "error" | "stack" | "calledTools">> = {},
  ): void {
    const { nodeId, iteration, attempt } = node;
    if (state !== "lost") this.#noteProgress();
    const key = nodeKey(nodeId, iteration);
    const startedAtMs = this.runState.attemptStartedAtMs(key) ?? this.nowMs;
    this.runState.putAttemptStart(key, null);
    this.#endedAttempts.push({ nodeId, iteration, attempt, state, startedAtMs, error, stack, calledTools });
  }

  endToolCall(end: ToolCallEnd): void {
    this.#endedToolCalls.push(end);
    const { error, startedAtMs: _startedAtMs, finishedAtMs: _finishedAtMs, ...call } = end;
    const outcome = error
      ? ({ ok: false, status: "error", error } as const)
      : ({ ok: true, status: "success" } as const);
    this.emit({ type: "ToolCallFinished", ...call, seq: call.callNo, ...outcome });
  }

  /** Stores a new question, or withdraws one. */
  putApproval(approval: Approval): void {
    this.runState.putApproval(approval);
    this.#approvals.push(approval);
  }

  /** Marks a signal as consumed by a node's wait. */
  consume(signal: Signal, node: Node): void {
    this.#consumedSignals.push({ seq: signal.seq, nodeId: node.nodeId, iteration: node.iteration });
  }

  putTimer(node: Node, firesAtMs: number, state: "pending" | "fired" | "cancelled"): void {
    this.#timers.push({ nodeId: node.nodeId, iteration: node.iteration, firesAtMs, state });
  }

  cache(cacheKey: string, json: string): void {
    this.#cached.push({ cacheKey, json });
  }

  /** @param facts see {@link TurnRecord.facts} */
  toRecord(lease: Lease, facts?: TurnRecord["facts"]): TurnRecord {
    const { parentRunId, parentNodeId } = this.runState.run;
    const isTold = this.#run.status !== undefined && parentNodeId !== null && parentRunId !== null;
    return {
      lease,
      nowMs: this.nowMs,
      run: this.#run,
      nodes: [...this.#nodes],
      startedAttempts: this.#startedAttempts,
      endedAttempts: this.#endedAttempts,
      endedToolCalls: this.#endedToolCalls,
      outputs: this.#outputs,
      approvals: this.#approvals,
      consumedSignals: this.#consumedSignals,
      timers: this.#timers,
      cached: this.#cached,
      frame: this.frame,
      ...(this.#children.length > 0 && { children: this.#children }),
      ...(this.#unwantedChildren.length > 0 && { unwantedChildren: this.#unwantedChildren }),
      ...(isTold && { toldRun: parentRunId }),
      ...(this.successor && { successor: this.successor }),
      events: this.#events,
      stack: this.stack,
      facts,
    };
  }
}
