import { type ErrorRecord, isSmithersError, SmithersError, toErrorRecord } from "../../errors/index.ts";
import type { Workflow } from "../../jsx/index.ts";
import type { Approval, Node, RunStatus, Signal } from "../../model/index.ts";
import { nodeKey } from "../../plan/index.ts";
import { CancelPending, faultPoint, type Lease, type NewToolCall, type Store } from "../../store/index.ts";
import { maxTimerMs } from "../../timing/long-timer.ts";
import type { Logger } from "../logger.ts";
import type { WorkflowSource } from "../source.ts";
import { commitTurn, type TurnSink } from "../turn/commit.ts";
import { TurnDraft } from "../turn/draft.ts";
import { type Launch, TurnPlanner } from "../turn/planner.ts";
import { endRun, standingOf } from "../turn/run-end.ts";
import type { RunState } from "../turn/run-state.ts";
import { Attempts } from "./attempts.ts";
import { endParkedRun } from "./end-parked-run.ts";
import type { FirstCommit } from "./first-commit.ts";
import type { LoadedRun } from "./load.ts";
import { retryCommit } from "./retry-commit.ts";

/** How an execution left its run. `lost`: somebody else has it now. */
export type ExecutionEnd = "ended" | "parked" | "released" | "lost";

export interface ExecutionSettings {
  readonly rootDir: string;
  readonly allowNetwork: boolean;
  /** After which silence an owner counts as dead. */
  readonly staleMs: number;
  /** Files that no tool may touch. */
  privatePaths(): readonly string[];
  readonly log: Logger;
}

/** How long code that was aborted may take to end what it has started, as a command. */
const codeEndMs = 500;

/**
 * Advances one run that this process holds the lease of, turn by turn, until it ends, waits for
 * something outside, or is taken away.
 */
export class Execution {
  readonly lease: Lease;
  /** Never rejects. */
  readonly end: Promise<ExecutionEnd>;
  readonly #store: Store;
  readonly #sink: TurnSink;
  readonly #settings: ExecutionSettings;
  readonly #runState: RunState;
  readonly #approvals: Map<string, Approval>;
  readonly #planner: TurnPlanner;
  readonly #attempts: Attempts;
  #signals: Signal[] = [];
  #reviving: ((draft: TurnDraft) => void) | undefined;
  #reloading: ((draft: TurnDraft) => void) | undefined;
  #beginning: FirstCommit | undefined;
  #inboxIsNew: boolean;
  #stopping = false;
  #abandoned = false;
  #wake: () => void = () => {};
  #woken = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(sink: TurnSink, lease: Lease, workflow: Workflow, loaded: LoadedRun, settings: ExecutionSettings) {
    this.lease = lease;
    this.#store = sink.store;
    this.#sink = sink;
    this.#settings = settings;
    this.#runState = loaded.runState;
    this.#approvals = loaded.approvals;
    this.#reviving = loaded.revive;
    this.#beginning = loaded.beginning;
    this.#inboxIsNew = loaded.beginning === undefined;
    this.#planner = new TurnPlanner(
      workflow,
      loaded.runState,
      sink.store,
      loaded.approvals,
      loaded.treeHash,
      loaded.forced,
    );
    this.#attempts = new Attempts({
      ...settings,
      observer: () => sink.observer,
      beginToolCall: (call) => this.#beginToolCall(call),
      wake: () => this.#wakeUp(),
    });
    this.end = this.#run();
  }

  get runningAttempts(): number {
    return this.#attempts.size;
  }

  /** Something may have come for the run: a decision, a signal, a cancel request. */
  notify(): void {
    this.#inboxIsNew = true;
    this.#wakeUp();
  }

  /**
   * Goes on with other code; what runs already goes on with the old.
   * @throws what that code throws when it is rendered; the old one is kept then
   */
  reload({ workflow, workflowPath, workflowHash }: WorkflowSource): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#reloading = (draft) => {
        try {
          this.#planner.replace(workflow);
        } catch (error) {
          return reject(error);
        }
        if (workflowHash !== undefined && workflowHash !== this.#runState.run.workflowHash) {
          draft.emit({ type: "WorkflowReloaded", workflowHash });
          draft.changeRun({ workflowHash, workflowPath: workflowPath ?? this.#runState.run.workflowPath });
        }
        resolve();
      };
      this.#wakeUp();
      void this.end.then(() => resolve());
    });
  }

  /** Starts nothing more, lets attempts run for `graceMs`, aborts them, and gives the lease up. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#wakeUp();
    const grace = setTimeout(
      () => this.#attempts.abortAll(new SmithersError("TASK_CANCELLED", "The process shuts down.")),
      graceMs,
    );
    await this.end;
    clearTimeout(grace);
    await this.#attempts.codeEnd(codeEndMs);
  }

  /** Leaves the run as it is, as when the lease was lost. */
  abandon(): void {
    this.#abandoned = true;
    this.#attempts.abortAll(new SmithersError("LEASE_LOST"));
    this.#wakeUp();
  }

  async #run(): Promise<ExecutionEnd> {
    try {
      while (!this.#abandoned) {
        this.#woken = false;
        const end = await this.#turn();
        if (end) return end;
        if (!this.#woken) await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      return "lost";
    } catch (error) {
      this.abandon();
      if (!isSmithersError(error) || error.code !== "LEASE_LOST") {
        this.#settings.log.error(
          { runId: this.#runState.runId, err: error },
          "The run was given up; it can be resumed.",
        );
      }
      return "lost";
    } finally {
      clearTimeout(this.#timer);
      this.#planner.unmount();
    }
  }

  async #turn(): Promise<ExecutionEnd | undefined> {
    const draft = new TurnDraft(this.#runState, Date.now());
    this.#reviving?.(draft);
    this.#reviving = undefined;
    this.#reloading?.(draft);
    this.#reloading = undefined;
    this.#attempts.takeInto(draft, this.#runState, this.#stopping);
    const cancelled = this.#inboxIsNew && (await this.#takeInbox(draft));

    const startMs = performance.now();
    let launches: readonly Launch[] = [];
    let end: ExecutionEnd | undefined;
    if (cancelled) {
      endRun(draft, this.#runState, this.#approvals, { status: "cancelled" });
      end = "ended";
    } else {
      try {
        const arrivals = { signals: this.#signals, approval: (node: Node) => this.#approvals.get(keyOf(node)) };
        const advanced = await this.#planner.advance(draft, arrivals, !this.#stopping);
        launches = advanced.launches;
        draft.emitFrame();
        const standing = standingOf(advanced.schedule, this.#runState);
        end = this.#conclude(draft, standing);
      } catch (error) {
        draft.emitFrame();
        this.#fail(draft, toErrorRecord(error, "RENDER_FAILED"));
        end = "ended";
      }
    }
    const { renderMs } = this.#planner;
    try {
      await this.#commit(draft, { renderMs, planMs: performance.now() - startMs - renderMs });
    } catch (error) {
      if (!(error instanceof CancelPending)) throw error;
      await endParkedRun(this.#sink, this.lease, { status: "cancelled" });
      this.abandon();
      return "ended";
    }
    this.#attempts.abortEnded(this.#runState);
    if (launches.length > 0) faultPoint("before-launch");
    if (this.#wasPausedSince(draft.nowMs) && !(await this.#store.holdsLease(this.lease))) {
      this.abandon();
      return "lost";
    }
    for (const launch of launches) this.#attempts.launch(launch);
    return end;
  }

  /** Takes in decisions and signals; tells whether the run is to be cancelled. */
  async #takeInbox(draft: TurnDraft): Promise<boolean> {
    this.#inboxIsNew = false;
    const inbox = await this.#store.readInbox(this.#runState.runId);
    if (inbox.inboxNo !== this.#runState.run.takenNo) draft.changeRun({ takenNo: inbox.inboxNo });
    for (const decision of inbox.decisions) this.#approvals.set(nodeKey(decision.nodeId, decision.iteration), decision);
    this.#signals = inbox.signals;
    return inbox.cancelRequestedAtMs !== null;
  }

  #conclude(draft: TurnDraft, standing: ReturnType<typeof standingOf>): ExecutionEnd | undefined {
    switch (standing.kind) {
      case "finished":
        endRun(draft, this.#runState, this.#approvals, { status: "finished" });
        return "ended";
      case "failed":
        this.#fail(draft, standing.error);
        return "ended";
      case "parked":
        this.#changeStatus(draft, standing.status);
        draft.changeRun({ wakeAtMs: standing.wakeAtMs, release: true });
        return "parked";
      case "active":
        this.#changeStatus(draft, "running");
        this.#wakeAt(standing.wakeAtMs, draft.nowMs);
        if (!this.#stopping || this.#attempts.size > 0) return undefined;
        draft.changeRun({ release: true });
        return "released";
    }
  }

  #fail(draft: TurnDraft, error: ErrorRecord): void {
    endRun(draft, this.#runState, this.#approvals, { status: "failed", error });
  }

  #changeStatus(draft: TurnDraft, status: RunStatus): void {
    if (this.#runState.run.status === status) return;
    draft.changeRun({ status });
    draft.emit({ type: "RunStatusChanged", status });
  }

  /** A full or locked disk loses nothing: the same turn is written when it can be. */
  async #commit(draft: TurnDraft, timing: { renderMs: number; planMs: number }): Promise<void> {
    if (draft.isEmpty) return;
    const write = this.#beginning;
    this.#beginning = undefined;
    await this.#retryCommit(() => commitTurn(this.#sink, this.lease, draft, this.#runState, timing, write));
  }

  /** A process that was paused between its commit and here may have lost the lease, and would start what others run. */
  #wasPausedSince(turnBeganAtMs: number): boolean {
    return Date.now() - turnBeganAtMs > this.#settings.staleMs / 2;
  }

  #retryCommit(write: () => Promise<void>): Promise<void> {
    return retryCommit(
      write,
      () => this.#stopping || this.#abandoned,
      (error) =>
        this.#settings.log.warn({ runId: this.#runState.runId, err: error }, "The run waits for its database."),
    );
  }

  /** Resolves when the record is durable: only then may the tool's code start. */
  #beginToolCall(call: NewToolCall): Promise<void> {
    return this.#retryCommit(async () => {
      const { replayed, events } = await this.#store.beginToolCall(this.lease, call, Date.now());
      this.#sink.feed.publish(events);
      if (!replayed) return;
      const { nodeId, toolName, attempt, idempotencyKey } = call;
      this.#settings.log.warn(
        { runId: this.#runState.runId, nodeId, attempt, idempotencyKey },
        `The tool ${toolName} is called again; an earlier attempt has begun the same call.`,
      );
    });
  }

  #wakeAt(wakeAtMs: number | null, nowMs: number): void {
    clearTimeout(this.#timer);
    if (wakeAtMs === null) return;
    // The turn that wakes too early waits on.
    this.#timer = setTimeout(() => this.#wakeUp(), Math.min(Math.max(wakeAtMs - nowMs, 0), maxTimerMs));
  }

  #wakeUp(): void {
    this.#woken = true;
    this.#wake();
  }
}

const keyOf = (node: Node) => nodeKey(node.nodeId, node.iteration);
