import type { CommittedTurn } from "../engine/index.ts";
import type { CommittedEvent, NodeKind, Run } from "../model/index.ts";
import { Bounded } from "./bounded.ts";
import type { Recorders } from "./lazy-meters.ts";

type EventOf<T extends CommittedEvent["event"]["type"]> = Extract<CommittedEvent["event"], { type: T }>;
type NodeEvent = Extract<CommittedEvent["event"], { nodeId: string }>;

const runEnds = {
  RunFinished: "finished",
  RunFailed: "failed",
  RunCancelled: "cancelled",
  RunContinuedAsNew: "continued",
} as const;
const nodeEnds = {
  NodeFinished: "finished",
  NodeFailed: "failed",
  NodeSkipped: "skipped",
  NodeCancelled: "cancelled",
} as const;

/** Counts what happens to runs, from the turns and events that an engine commits. */
export class RunMetrics {
  readonly #m: Recorders;
  readonly #workflows = new Bounded();
  readonly #tools = new Bounded();
  readonly #models = new Bounded();
  /** Started runs that have not been rendered yet; their workflow's name is known only then. */
  readonly #unnamed = new Set<string>();

  constructor(recorders: Recorders) {
    this.#m = recorders;
  }

  /** Counts events of one run, committed by a turn or outside of one. */
  eventsCommitted(events: readonly CommittedEvent[]): void {
    for (const { type, runId } of events) {
      this.#m.smithers_events_committed_total.add(1, { type });
      if (type === "RunStarted") this.#unnamed.add(runId);
      else if (type === "SignalReceived") this.#m.smithers_signals_received_total.add(1);
    }
  }

  /** Must be called before {@link eventsCommitted} for the same events. */
  turnCommitted(turn: CommittedTurn): void {
    const { run, record, timing } = turn;
    const workflow = this.#workflows.of(run.workflowName);
    if (this.#unnamed.delete(run.runId)) this.#m.smithers_runs_started_total.add(1, { workflow });
    for (const { event } of turn.events) this.#take(event, turn, workflow);
    this.#takeAttempts(turn, workflow);
    this.#takeWaits(turn);
    if (record.frame) this.#m.smithers_frames_committed_total.add(1);
    if (timing.renderMs > 0) this.#m.smithers_turn_duration_seconds.record(timing.renderMs / 1000, { phase: "render" });
    this.#m.smithers_turn_duration_seconds.record(timing.planMs / 1000, { phase: "plan" });
    this.#m.smithers_turn_duration_seconds.record(timing.commitMs / 1000, { phase: "commit" });
  }

  /** Counts a lease that another process has taken over. */
  leaseLost(runId: string): void {
    this.#unnamed.delete(runId);
    this.#m.smithers_leases_lost_total.add(1);
  }

  heartbeatFailed(): void {
    this.#m.smithers_heartbeat_failures_total.add(1);
  }

  #take(event: CommittedEvent["event"], turn: CommittedTurn, workflow: string): void {
    switch (event.type) {
      case "RunFinished":
      case "RunFailed":
      case "RunCancelled":
      case "RunContinuedAsNew":
        return this.#endRun(turn.run, runEnds[event.type], workflow);
      case "RunAutoResumed":
        return this.#m.smithers_runs_taken_over_total.add(1);
      case "NodeFinished":
      case "NodeFailed":
      case "NodeSkipped":
      case "NodeCancelled":
        return this.#m.smithers_nodes_ended_total.add(1, {
          workflow,
          kind: kindOf(event, turn),
          state: nodeEnds[event.type],
        });
      case "NodeRetrying":
        if (event.error.code === "ATTEMPT_LOST" || event.error.code === "WORKER_LOST") return;
        return this.#m.smithers_node_retries_total.add(1, { workflow, kind: kindOf(event, turn) });
      case "ApprovalRequested":
        return this.#m.smithers_approvals_requested_total.add(1, { workflow });
      case "TimerCreated":
        return this.#m.smithers_timers_created_total.add(1);
      case "TimerFired":
        return this.#m.smithers_timers_fired_total.add(1);
      case "TimerCancelled":
        return this.#m.smithers_timers_cancelled_total.add(1);
      case "ToolCallFinished":
        return this.#m.smithers_tool_calls_total.add(1, {
          tool: this.#tools.of(event.toolName),
          outcome: event.ok ? "finished" : "failed",
        });
      case "TokenUsageReported":
        return this.#takeTokens(event);
    }
  }

  #takeTokens({ model: given, inputTokens = 0, outputTokens = 0 }: EventOf<"TokenUsageReported">): void {
    const model = given === undefined ? "unknown" : this.#models.of(given);
    this.#m.smithers_tokens_total.add(inputTokens, { direction: "input", model });
    this.#m.smithers_tokens_total.add(outputTokens, { direction: "output", model });
  }

  #endRun(run: Run, status: (typeof runEnds)[keyof typeof runEnds], workflow: string): void {
    this.#m.smithers_runs_ended_total.add(1, { workflow, status });
    const tookMs = (run.finishedAtMs ?? 0) - (run.startedAtMs ?? run.createdAtMs);
    this.#m.smithers_run_duration_seconds.record(seconds(tookMs), { workflow, status });
  }

  #takeAttempts(turn: CommittedTurn, workflow: string): void {
    const { startedAttempts, endedAttempts, endedToolCalls, nowMs } = turn.record;
    for (const attempt of startedAttempts) {
      this.#m.smithers_attempts_started_total.add(1, { workflow, kind: kindOf(attempt, turn) });
    }
    for (const { state: outcome, startedAtMs, ...at } of endedAttempts) {
      const attributes = { workflow, kind: kindOf(at, turn), outcome };
      this.#m.smithers_attempts_ended_total.add(1, attributes);
      if (outcome === "lost") continue;
      this.#m.smithers_attempt_duration_seconds.record(seconds(nowMs - startedAtMs), attributes);
    }
    for (const { toolName, startedAtMs, finishedAtMs } of endedToolCalls) {
      const tool = this.#tools.of(toolName);
      this.#m.smithers_tool_call_duration_seconds.record(seconds(finishedAtMs - startedAtMs), { tool });
    }
  }

  #takeWaits({ record, decisions }: CommittedTurn): void {
    const expired = record.approvals.filter(({ status }) => status === "expired");
    for (const { status: decision, requestedAtMs, decidedAtMs } of [...decisions, ...expired]) {
      this.#m.smithers_approvals_decided_total.add(1, { decision });
      const tookMs = (decidedAtMs ?? record.nowMs) - requestedAtMs;
      this.#m.smithers_approval_decision_seconds.record(seconds(tookMs), { decision });
    }
    if (record.consumedSignals.length > 0) {
      this.#m.smithers_signals_consumed_total.add(record.consumedSignals.length);
    }
    for (const { state, firesAtMs } of record.timers) {
      if (state === "fired") this.#m.smithers_timer_delay_seconds.record(seconds(record.nowMs - firesAtMs));
    }
  }
}

function kindOf({ nodeId, iteration }: Pick<NodeEvent, "nodeId" | "iteration">, turn: CommittedTurn): NodeKind {
  return turn.node(nodeId, iteration)?.kind ?? "compute";
}

/** Milliseconds as seconds; a negative duration, after the clock was set back, counts as 0. */
function seconds(ms: number): number {
  return Math.max(ms, 0) / 1000;
}
