import { type ErrorRecord, isSmithersError, SmithersError, toErrorRecord } from "../../errors/index.ts";
import type { Workflow } from "../../jsx/index.ts";
import type { RunStatus } from "../../model/index.ts";
import { CancelPending, faultPoint, type Lease, type NewToolCall, type Store } from "../../store/index.ts";
import { maxTimerMs } from "../../timing/long-timer.ts";
import type { Logger } from "../logger.ts";
import type { WorkflowSource } from "../source.ts";
import { commitTurn, type TurnSink } from "../turn/commit.ts";
import { TurnDraft } from "../turn/draft.ts";
import { type Launch, TurnPlanner } from "../turn/planner.ts";
import { endRun, outcomeOf, type TurnOutcome } from "../turn/run-end.ts";
import type { RunState } from "../turn/run-state.ts";
import { Attempts } from "./attempts.ts";
import type { FirstCommit } from "./first-commit.ts";
import { endParkedRun, type LoadedRun } from "./load.ts";
import { retryCommit } from "./retry-commit.ts";

/** How an execution left its run. `lost`: somebody else has it now. */
export type ExecutionEnd = "ended" | "parked" | "released" | "lost";

/** A run that this process holds the lease of. */
export interface LeasedRun {
  readonly lease: Lease;
  readonly workflow: Workflow;
  readonly loaded: LoadedRun;
}

export interface ExecutionSettings {
  readonly sink: TurnSink;
  readonly rootDir: string;
  readonly allowNetwork: boolean;
  /** After which silence an owner counts as dead. */
  readonly staleMs: number;
  /** Files that no tool may touch. */
  privatePaths(): readonly string[];
  readonly log: Logger;
}

/** A turn before its commit. */
interface OpenTurn {
  readonly draft: TurnDraft;
  /** What writes the turn. */
  writer: Pick<Store, "commitTurn">;
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
  readonly #planner: TurnPlanner;
  readonly #attempts: Attempts;
  /** What is done once, at the beginning of the next turn. */
  readonly #forNextTurn: ((turn: OpenTurn) => void)[];
  #inboxIsNew: boolean;
  #stopping = false;
  #abandoned = false;
  #wake: () => void = () => {};
  #woken = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param firstCommit writes the first turn of a run whose row is not stored yet */
  constructor({ lease, workflow, loaded }: LeasedRun, settings: ExecutionSettings, firstCommit?: FirstCommit) {
    const { sink } = settings;
    this.lease = lease;
    this.#store = sink.store;
    this.#sink = sink;
    this.#settings = settings;
    this.#runState = loaded.runState;
    this.#forNextTurn = [({ draft }) => loaded.revive(draft)];
    if (firstCommit) this.#forNextTurn.push((turn) => void (turn.writer = firstCommit));
    // Nothing can have come for a run that is not stored yet.
    this.#inboxIsNew = firstCommit === undefined;
    this.#planner = new TurnPlanner({ workflow, store: sink.store, ...loaded });
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
      this.#forNextTurn.push(({ draft }) => {
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
      });
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
    const turn: OpenTurn = { draft, writer: this.#store };
    for (const act of this.#forNextTurn.splice(0)) act(turn);
    this.#attempts.takeInto(draft, this.#runState, this.#stopping);
    const cancelled = this.#inboxIsNew && (await this.#takeInbox(draft));

    const startMs = performance.now();
    let launches: readonly Launch[] = [];
    let end: ExecutionEnd | undefined;
    if (cancelled) {
      endRun(draft, { status: "cancelled" });
      end = "ended";
    } else {
      try {
        const planned = await this.#planner.plan(draft, !this.#stopping);
        launches = planned.launches;
        draft.emitFrame();
        end = this.#conclude(draft, outcomeOf(planned.schedule, this.#runState));
      } catch (error) {
        draft.emitFrame();
        this.#fail(draft, toErrorRecord(error, "RENDER_FAILED"));
        end = "ended";
      }
    }
    const { renderMs } = this.#planner;
    try {
      await this.#commit(turn, { renderMs, planMs: performance.now() - startMs - renderMs });
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
    this.#runState.receive(inbox.decisions, inbox.signals);
    return inbox.cancelRequestedAtMs !== null;
  }

  #conclude(draft: TurnDraft, outcome: TurnOutcome): ExecutionEnd | undefined {
    switch (outcome.kind) {
      case "finished":
        endRun(draft, { status: "finished" });
        return "ended";
      case "failed":
        this.#fail(draft, outcome.error);
        return "ended";
      case "parked":
        this.#changeStatus(draft, outcome.status);
        draft.changeRun({ wakeAtMs: outcome.wakeAtMs, release: true });
        return "parked";
      case "active":
        this.#changeStatus(draft, "running");
        this.#wakeAt(outcome.wakeAtMs, draft.nowMs);
        if (!this.#stopping || this.#attempts.size > 0) return undefined;
        draft.changeRun({ release: true });
        return "released";
    }
  }

  #fail(draft: TurnDraft, error: ErrorRecord): void {
    endRun(draft, { status: "failed", error });
  }

  #changeStatus(draft: TurnDraft, status: RunStatus): void {
    if (this.#runState.run.status === status) return;
    draft.changeRun({ status });
    draft.emit({ type: "RunStatusChanged", status });
  }

  /** A full or locked disk loses nothing: the same turn is written when it can be. */
  async #commit({ draft, writer }: OpenTurn, timing: { renderMs: number; planMs: number }): Promise<void> {
    if (draft.isEmpty) return;
    await this.#retryCommit(() => commitTurn(this.#sink, this.lease, draft, timing, writer));
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
