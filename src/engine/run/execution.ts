import { filesOf, type Origin, runRegistered, TimerScope } from "../../containment/index.ts";
import { isSmithersError, readField, SmithersError } from "../../errors/index.ts";
import type { FileRules, Workflow } from "../../jsx/index.ts";
import { type Moment, msUntilRun, type Node, noRunWake, type RunWake } from "../../model/index.ts";
import { moment } from "../../runtime/index.ts";
import { faultPoint, type Lease, type Store } from "../../store/index.ts";
import { afterMs, stopwatch, yieldToEventLoop } from "../../timing/index.ts";
import type { Logger } from "../logger.ts";
import { within } from "../observer.ts";
import type { RunPlaces } from "../places.ts";
import { originOf } from "../strays.ts";
import { errorOfNode, recordThrown } from "../thrown.ts";
import { CancelPending, type TurnSink } from "../turn/commit.ts";
import { TurnDraft } from "../turn/draft.ts";
import { type Launch, TurnPlanner } from "../turn/planner.ts";
import { endRun, outcomeOf, type TurnOutcome } from "../turn/run-end.ts";
import type { RunState } from "../turn/run-state.ts";
import { TurnPlaces } from "../turn/turn-places.ts";
import { Attempts } from "./attempts.ts";
import { conclude, type ExecutionEnd, fail, noteQueued } from "./conclude.ts";
import type { Edit } from "./edit.ts";
import type { FirstCommit } from "./first-commit.ts";
import { endParkedRun, type LoadedRun } from "./load.ts";
import { RunInbox } from "./run-inbox.ts";
import { RunWrites } from "./run-writes.ts";
import { TurnTrigger } from "./turn-trigger.ts";

/** A run that this process holds the lease of. */
export interface LeasedRun {
  readonly lease: Lease;
  readonly workflow: Workflow;
  readonly loaded: LoadedRun;
  /** Replaces the workflow in the first turn, unless it cannot be rendered. */
  readonly edit?: Edit;
  /** Gives attempts their places; undefined when there is no bound. */
  readonly places?: RunPlaces;
}

export interface ExecutionSettings {
  readonly sink: TurnSink;
  readonly rootDir: string;
  readonly allowNetwork: boolean;
  /** How long after its last heartbeat an owner counts as dead. */
  readonly staleMs: number;
  readonly fileRules: FileRules;
  readonly log: Logger;
  /** Whether a run that has no place here is left to other servers. */
  readonly leavesQueued?: boolean;
  /** Learns which workflow a Subflow mounts whose run is started. */
  noteSubflow(node: Node, parent: Workflow, workflow: Workflow): void;
}

/** A turn before its commit. */
interface OpenTurn {
  readonly draft: TurnDraft;
  /** What writes the turn. */
  writer: Pick<Store, "commitTurn">;
}

/** What a turn leads to once it is committed. */
interface TurnResult {
  readonly launches: readonly Launch[];
  /** How the execution leaves the run; undefined when it continues. */
  readonly end: ExecutionEnd | undefined;
  /** False when another turn must do the rest. */
  readonly isComplete: boolean;
  /** How many attempts are in flight. */
  readonly running: number;
}

/** How long attempts are started before the event loop is given to others, in ms. */
const launchMs = 10;

/** How long aborted code may take to end what it has started, such as a command. */
const codeEndMs = 500;

/**
 * Advances one run, whose lease this process holds, turn by turn, until the run ends, waits for something outside, or
 * is taken over.
 */
export class Execution {
  readonly lease: Lease;
  /** Never rejects. */
  readonly end: Promise<ExecutionEnd>;
  /** Resolves when the first turn is over. Never rejects. */
  readonly begun: Promise<void>;
  readonly #store: Store;
  readonly #sink: TurnSink;
  readonly #settings: ExecutionSettings;
  readonly #runState: RunState;
  readonly #planner: TurnPlanner;
  readonly #attempts: Attempts;
  readonly #inbox: RunInbox;
  readonly #writes: RunWrites;
  readonly #places: RunPlaces | undefined;
  /** What to do once, at the start of the next turn. */
  readonly #forNextTurn: ((turn: OpenTurn) => void | Promise<void>)[];
  #stopping = false;
  #abandoned = false;
  readonly #trigger = new TurnTrigger();
  /** When the run next needs a turn by itself. */
  #wake: RunWake = noRunWake;
  readonly #timers = new TimerScope();
  /** The workflow's own function, its components and its schemas. */
  readonly #origin: Origin;

  /** @param firstCommit writes the first turn of a run whose row is not stored yet */
  constructor(
    { lease, workflow, loaded, edit, places }: LeasedRun,
    settings: ExecutionSettings,
    firstCommit?: FirstCommit,
  ) {
    const { sink } = settings;
    this.lease = lease;
    this.#store = sink.store;
    this.#sink = sink;
    this.#settings = settings;
    this.#runState = loaded.runState;
    this.#forNextTurn = [({ draft }) => loaded.recordTakeover(draft)];
    if (firstCommit) this.#forNextTurn.push((turn) => void (turn.writer = firstCommit));
    if (edit) this.#forNextTurn.push(({ draft }) => this.#apply(edit, draft));
    // A run that is not stored yet has no inbox.
    this.#inbox = new RunInbox(sink.store, loaded.inbox, firstCommit === undefined);
    this.#writes = new RunWrites({
      sink,
      lease,
      log: settings.log,
      givesUp: () => this.#stopping || this.#abandoned,
    });
    this.#places = places;
    this.#planner = new TurnPlanner({
      workflow,
      store: sink.store,
      observer: () => sink.observer,
      places: places && new TurnPlaces(places),
      ...loaded,
      noteSubflow: (node, child) => settings.noteSubflow(node, this.#planner.workflow, child),
    });
    this.#attempts = new Attempts({
      ...settings,
      files: () => filesOf(this.#planner.workflow),
      timers: this.#timers,
      observer: () => sink.observer,
      beginToolCall: (call) => this.#writes.beginToolCall(call),
      agentReports: () => this.#store.agentReports(this.#runState.runId),
      wake: () => this.#trigger.pull(),
    });
    this.#origin = originOf({
      kind: "rendering",
      facts: { runId: this.#runState.runId },
      files: () => filesOf(this.#planner.workflow),
      timers: this.#timers,
      log: settings.log,
      take: () => " while it was rendered",
    });
    const begun = Promise.withResolvers<void>();
    this.begun = begun.promise;
    this.end = this.#run(begun.resolve);
  }

  get runningAttempts(): number {
    return this.#attempts.size;
  }

  /** Sets the timer of the run's next turn by the clocks as they are now. The wall clock may have been set. */
  lookAtClocks(): void {
    // Most turns leave nothing that is due at a time.
    const isDue = this.#wake.wakeAtMs !== null;
    this.#trigger.pullIn(isDue ? msUntilRun(this.#wake, moment()) : Number.POSITIVE_INFINITY);
  }

  /** Takes a turn: a place is free for an attempt that has waited for one. */
  placeFree(): void {
    this.#trigger.pull();
  }

  /** Takes in what may have arrived for the run: a decision, a signal, a cancel request. */
  notify(): void {
    this.#inbox.notify();
    this.#trigger.pull();
  }

  /**
   * Uses an edit's code from the next turn on. Attempts that are running continue with the old code.
   * @returns true once the edit is in use, false when the execution ended before its next turn
   * @throws what the new code throws when it is rendered; the old code is kept then
   */
  reload(edit: Edit): Promise<boolean> {
    this.#forNextTurn.push(({ draft }) => this.#apply(edit, draft));
    this.#trigger.pull();
    return edit.settledBefore(this.end);
  }

  /** Starts nothing more, lets attempts run for `graceMs`, aborts them, and gives up the lease. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#trigger.pull();
    const cancelGrace = afterMs(graceMs, () =>
      this.#attempts.abortAll(new SmithersError("TASK_CANCELLED", "The process shuts down.")),
    );
    await this.end;
    cancelGrace();
    await this.#attempts.codeEnd(codeEndMs);
  }

  /** Leaves the run as it is, for example because the lease was lost. */
  abandon(): void {
    this.#abandoned = true;
    this.#attempts.abortAll(new SmithersError("LEASE_LOST"));
    this.#trigger.pull();
  }

  async #run(begun: () => void): Promise<ExecutionEnd> {
    try {
      while (!this.#abandoned) {
        this.#trigger.reset();
        const end = await within(this.#sink.observer, { runId: this.lease.runId }, () => this.#turn());
        begun();
        if (end) return end;
        await this.#trigger.pulled();
      }
      return "lost";
    } catch (error) {
      this.abandon();
      if (!isSmithersError(error) || error.code !== "LEASE_LOST") {
        this.#settings.log.error(
          { runId: this.#runState.runId, err: error },
          "The run was given up. It can be resumed.",
        );
      }
      return "lost";
    } finally {
      begun();
      this.#trigger.stop();
      this.#places?.release();
      runRegistered(this.#origin, () => this.#planner.unmount());
      this.#timers.end();
    }
  }

  async #turn(): Promise<ExecutionEnd | undefined> {
    const draft = new TurnDraft(this.#runState, moment(), (error, nodeId) =>
      errorOfNode(error, nodeId, this.#planner.workflow, this.#settings.rootDir),
    );
    const turn: OpenTurn = { draft, writer: this.#store };
    if (this.#forNextTurn.length > 0) for (const act of this.#forNextTurn.splice(0)) await act(turn);
    this.#attempts.takeInto(draft, this.#runState, this.#stopping);
    const isCancelled = await this.#inbox.takeInto(draft);
    const elapsedMs = stopwatch();
    const { launches, end, isComplete, running } = isCancelled ? cancel(draft) : await this.#plan(draft);
    const { renderMs } = this.#planner;
    try {
      const measures = { renderMs, planMs: elapsedMs() - renderMs, runningAttempts: running };
      await this.#writes.commit(draft, measures, turn.writer);
    } catch (error) {
      if (!(error instanceof CancelPending)) throw error;
      await endParkedRun(this.#sink, this.lease, { status: "cancelled" });
      this.abandon();
      return "ended";
    }
    this.#runState.values.release((output) => this.#planner.hasRead(output));
    this.#attempts.abortEnded(this.#runState);
    this.#places?.note(running);
    if (launches.length > 0) faultPoint("before-launch");
    if (this.#wasPausedSince(draft.now) && !(await this.#store.holdsLease(this.lease))) {
      this.abandon();
      return "lost";
    }
    await this.#launch(launches);
    if (isComplete) return end;
    this.#trigger.pull();
    await yieldToEventLoop();
    return end;
  }

  /** Renders and plans a turn, and writes its outcome into the draft. A workflow that cannot be rendered fails the run. */
  async #plan(draft: TurnDraft): Promise<TurnResult> {
    try {
      const { launches, schedule, queued } = await runRegistered(this.#origin, () =>
        this.#planner.plan(draft, !this.#stopping),
      );
      draft.emitFrame();
      if (schedule) noteQueued(draft, queued);
      const outcome: TurnOutcome = schedule
        ? outcomeOf(schedule, this.#runState, draft.now, queued)
        : { kind: "active", wake: noRunWake };
      if (outcome.kind === "active") {
        this.#wake = outcome.wake;
        this.lookAtClocks();
      }
      const end = conclude(draft, outcome, this.#activeEnd(schedule?.running === 0 && queued > 0));
      const running = schedule?.placesTaken ?? this.#attempts.size + launches.length;
      return { launches, end, isComplete: schedule !== undefined, running };
    } catch (error) {
      draft.emitFrame();
      const thrown = recordThrown(error, this.#settings.rootDir, "RENDER_FAILED");
      draft.stack = thrown.stack;
      const nodeId = readField(thrown.error.details, "nodeId");
      const end = fail(draft, typeof nodeId === "string" ? draft.located(thrown.error, nodeId) : thrown.error);
      return { launches: [], end, isComplete: true, running: 0 };
    }
  }

  /**
   * How the execution leaves a run that is neither over nor parked; undefined when it continues.
   * @param onlyQueues whether nothing of the run can run before it has a place
   */
  #activeEnd(onlyQueues: boolean): "queued" | "released" | undefined {
    if (onlyQueues && this.#settings.leavesQueued) return "queued";
    return this.#stopping && this.#attempts.size === 0 ? "released" : undefined;
  }

  /** Starts the code of attempts, after what the turn's commit answers has been answered. */
  async #launch(launches: readonly Launch[]): Promise<void> {
    if (launches.length === 0) return;
    await yieldToEventLoop();
    let elapsedMs = stopwatch();
    for (const launch of launches) {
      if (elapsedMs() > launchMs) {
        await yieldToEventLoop();
        elapsedMs = stopwatch();
      }
      if (this.#abandoned) return;
      this.#attempts.launch(launch);
    }
  }

  /** Keeps the old code when the new one cannot be rendered. */
  async #apply({ source, accept, refuse }: Edit, draft: TurnDraft): Promise<void> {
    const { run } = this.#runState;
    const { workflow, workflowPath = run.workflowPath, workflowHash } = source;
    try {
      await runRegistered(this.#origin, () => this.#planner.replace(workflow));
    } catch (error) {
      return refuse(error);
    }
    if (workflowHash !== undefined && workflowHash !== run.workflowHash) {
      draft.emit({ type: "WorkflowReloaded", workflowHash });
      draft.changeRun({ workflowHash, workflowPath });
    }
    accept();
  }

  /** Whether the process may have been paused since its commit: it may have lost the lease, and must start nothing. */
  #wasPausedSince(turnBegan: Moment): boolean {
    return moment().steadyMs - turnBegan.steadyMs > this.#settings.staleMs / 2;
  }
}

function cancel(draft: TurnDraft): TurnResult {
  endRun(draft, { status: "cancelled" });
  return { launches: [], end: "ended", isComplete: true, running: 0 };
}
