import { filesOf, type Origin, register, runAs, TimerScope } from "../../containment/index.ts";
import { type ErrorRecord, isSmithersError, readField, SmithersError } from "../../errors/index.ts";
import type { FileRules, Workflow } from "../../jsx/index.ts";
import { type Moment, msUntilRun, type Node, noRunWake, type RunStatus, type RunWake } from "../../model/index.ts";
import type { ContinuePoint } from "../../plan/index.ts";
import { moment } from "../../runtime/index.ts";
import { faultPoint, type Inbox, type Lease, type NewToolCall, type Store } from "../../store/index.ts";
import { afterMs, stopwatch, yieldToEventLoop } from "../../timing/index.ts";
import type { Logger } from "../logger.ts";
import { within } from "../observer.ts";
import type { RunPlaces } from "../places.ts";
import { originOf } from "../strays.ts";
import { errorOfNode, recordThrown } from "../thrown.ts";
import { CancelPending, commitTurn, type TurnMeasures, type TurnSink } from "../turn/commit.ts";
import { TurnDraft } from "../turn/draft.ts";
import { type Launch, TurnPlanner } from "../turn/planner.ts";
import { endRun, outcomeOf, type TurnOutcome } from "../turn/run-end.ts";
import type { RunState } from "../turn/run-state.ts";
import { TurnPlaces } from "../turn/turn-places.ts";
import { Attempts } from "./attempts.ts";
import { successorOf } from "./create.ts";
import type { Edit } from "./edit.ts";
import type { FirstCommit } from "./first-commit.ts";
import { endParkedRun, type LoadedRun } from "./load.ts";
import { retryCommit } from "./retry-commit.ts";
import { TurnTrigger } from "./turn-trigger.ts";

/**
 * How an execution left its run. `queued`: its server had no place for it, and another may take it; `lost`: another
 * owner may have it now.
 */
export type ExecutionEnd = "ended" | "parked" | "released" | "queued" | "lost";

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
  readonly #places: RunPlaces | undefined;
  /** What to do once, at the start of the next turn. */
  readonly #forNextTurn: ((turn: OpenTurn) => void | Promise<void>)[];
  #inboxIsNew: boolean;
  /** What the run was read with, until something else may have arrived. */
  #loadedInbox: Inbox | undefined;
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
    this.#inboxIsNew = firstCommit === undefined;
    this.#loadedInbox = loaded.inbox;
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
      beginToolCall: (call) => this.#beginToolCall(call),
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
    this.#trigger.pullIn(msUntilRun(this.#wake, moment()));
  }

  /** Takes a turn: a place is free for an attempt that has waited for one. */
  placeFree(): void {
    this.#trigger.pull();
  }

  /** Takes in what may have arrived for the run: a decision, a signal, a cancel request. */
  notify(): void {
    this.#inboxIsNew = true;
    this.#loadedInbox = undefined;
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
      this.#rendering(() => this.#planner.unmount());
      this.#timers.end();
    }
  }

  async #turn(): Promise<ExecutionEnd | undefined> {
    const draft = new TurnDraft(this.#runState, moment(), (error, nodeId) =>
      errorOfNode(error, nodeId, this.#planner.workflow, this.#settings.rootDir),
    );
    const turn: OpenTurn = { draft, writer: this.#store };
    for (const act of this.#forNextTurn.splice(0)) await act(turn);
    this.#attempts.takeInto(draft, this.#runState, this.#stopping);
    const cancelled = this.#inboxIsNew && (await this.#takeInbox(draft));

    const elapsedMs = stopwatch();
    let launches: readonly Launch[] = [];
    let end: ExecutionEnd | undefined;
    let isComplete = true;
    let running = 0;
    if (cancelled) {
      endRun(draft, { status: "cancelled" });
      end = "ended";
    } else {
      try {
        const planned = await this.#rendering(() => this.#planner.plan(draft, !this.#stopping));
        launches = planned.launches;
        draft.emitFrame();
        isComplete = planned.schedule !== undefined;
        running = planned.schedule?.placesTaken ?? this.#attempts.size + launches.length;
        if (planned.schedule) this.#noteQueued(draft, planned.queued);
        const outcome = planned.schedule
          ? outcomeOf(planned.schedule, this.#runState, draft.now, planned.queued)
          : ({ kind: "active", wake: noRunWake } as const);
        const isIdle = planned.schedule?.running === 0 && planned.queued > 0;
        const mayLeave = isIdle && this.#settings.leavesQueued === true;
        end = this.#conclude(draft, outcome, mayLeave);
      } catch (error) {
        draft.emitFrame();
        const thrown = recordThrown(error, this.#settings.rootDir, "RENDER_FAILED");
        draft.stack = thrown.stack;
        const { details } = thrown.error;
        const nodeId = readField(details, "nodeId");
        this.#fail(draft, typeof nodeId === "string" ? draft.located(thrown.error, nodeId) : thrown.error);
        end = "ended";
      }
    }
    const { renderMs } = this.#planner;
    try {
      await this.#commit(turn, { renderMs, planMs: elapsedMs() - renderMs, runningAttempts: running });
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
      await this.#planner.replace(workflow);
    } catch (error) {
      return refuse(error);
    }
    if (workflowHash !== undefined && workflowHash !== run.workflowHash) {
      draft.emit({ type: "WorkflowReloaded", workflowHash });
      draft.changeRun({ workflowHash, workflowPath });
    }
    accept();
  }

  /** Calls what calls the code of {@link #origin}. */
  #rendering<T>(body: () => T): T {
    const end = register(this.#origin);
    try {
      const result = runAs(this.#origin, body);
      if (result instanceof Promise) void result.then(end, end);
      else end();
      return result;
    } catch (error) {
      end();
      throw error;
    }
  }

  /** Takes in decisions and signals; returns whether the run must be cancelled. */
  async #takeInbox(draft: TurnDraft): Promise<boolean> {
    this.#inboxIsNew = false;
    const loaded = this.#loadedInbox;
    this.#loadedInbox = undefined;
    const inbox = loaded ?? (await this.#store.readInbox(this.#runState.runId));
    if (inbox.inboxNo !== this.#runState.run.takenNo) draft.changeRun({ takenNo: inbox.inboxNo });
    this.#runState.receive(inbox.decisions, inbox.signals);
    if (this.#runState.hasSubflows) this.#runState.receiveChildren(await this.#store.childrenOf(this.#runState.runId));
    return inbox.cancelRequestedAtMs !== null;
  }

  /** Notes since when tasks of the run wait for a place, or that none does. */
  #noteQueued(draft: TurnDraft, queued: number): void {
    const isNoted = this.#runState.run.queuedAtMs !== null;
    if (queued > 0 !== isNoted) draft.changeRun({ queuedAtMs: queued > 0 ? draft.nowMs : null });
  }

  /** @param mayLeave whether another server may execute the run: nothing of it can run here now */
  #conclude(draft: TurnDraft, outcome: TurnOutcome, mayLeave: boolean): ExecutionEnd | undefined {
    switch (outcome.kind) {
      case "finished":
        endRun(draft, { status: "finished" });
        return "ended";
      case "failed":
        this.#fail(draft, outcome.error);
        return "ended";
      case "continued":
        this.#continueAsNew(draft, outcome.at);
        return "ended";
      case "parked":
        this.#changeStatus(draft, outcome.status);
        draft.changeRun({ ...outcome.wake, release: true });
        return "parked";
      case "active":
        this.#changeStatus(draft, "running");
        this.#wake = outcome.wake;
        this.lookAtClocks();
        if (mayLeave) {
          draft.changeRun({ ...outcome.wake, release: true });
          return "queued";
        }
        if (!this.#stopping || this.#attempts.size > 0) return undefined;
        draft.changeRun({ release: true });
        return "released";
    }
  }

  #continueAsNew(draft: TurnDraft, point: ContinuePoint): void {
    const isIdle = ![...this.#runState.nodes()].some(({ state }) => state === "finished");
    const successor = successorOf(this.#runState.run, point, isIdle, draft.nowMs);
    const { runId } = successor.run;
    draft.successor = successor;
    draft.changeRun({ continuedAs: runId });
    endRun(draft, { status: "continued", newRunId: runId });
  }

  #fail(draft: TurnDraft, error: ErrorRecord): void {
    endRun(draft, { status: "failed", error });
  }

  #changeStatus(draft: TurnDraft, status: RunStatus): void {
    if (this.#runState.run.status === status) return;
    draft.changeRun({ status });
    draft.emit({ type: "RunStatusChanged", status });
  }

  /** Commits a turn. While the disk is full or locked, nothing is lost: the same turn is committed once it can be. */
  async #commit({ draft, writer }: OpenTurn, measures: TurnMeasures): Promise<void> {
    if (draft.isEmpty) return;
    await this.#retryCommit(() => commitTurn(this.#sink, this.lease, draft, measures, writer));
  }

  /** Whether the process may have been paused since its commit: it may have lost the lease, and must start nothing. */
  #wasPausedSince(turnBegan: Moment): boolean {
    return moment().steadyMs - turnBegan.steadyMs > this.#settings.staleMs / 2;
  }

  #retryCommit(write: () => Promise<void>): Promise<void> {
    return retryCommit(
      write,
      () => this.#stopping || this.#abandoned,
      (error) =>
        this.#settings.log.warn(
          { runId: this.#runState.runId, err: error },
          "The run waits for its database to accept writes.",
        ),
    );
  }

  /** Records a tool call. The tool's code may start only once this resolves and the record is durable. */
  #beginToolCall(call: NewToolCall): Promise<void> {
    return this.#retryCommit(async () => {
      const { replayed, events } = await this.#store.beginToolCall(this.lease, call, Date.now());
      this.#sink.feed.publish(events);
      if (!replayed) return;
      const { nodeId, toolName, attempt, idempotencyKey } = call;
      this.#settings.log.warn(
        { runId: this.#runState.runId, nodeId, attempt, idempotencyKey },
        `The tool ${toolName} is called again. An earlier attempt has started the same call.`,
      );
    });
  }
}
