import { contain } from "../containment/index.ts";
import {
  cutText,
  isSmithersError,
  maxMessageBytes,
  messageOf,
  noSuchRun,
  runHasEnded,
  runInProgress,
  SmithersError,
  shuttingDown,
  toErrorRecord,
} from "../errors/index.ts";
import { hasEnded, hasEndedForGood, type Run, type Signal } from "../model/index.ts";
import { nodeKey } from "../plan/index.ts";
import type { Decision, Lease, NewSignal, NodeToRetry, Store, TakenRun } from "../store/index.ts";
import { type LocalEngine, LocalEngines, localSink } from "./background/local-engines.ts";
import { QueuedRuns } from "./background/queued-runs.ts";
import { Relatives } from "./background/relatives.ts";
import { Watcher } from "./background/watcher.ts";
import { Feed } from "./feed.ts";
import { defaultHeartbeatMs } from "./heartbeat.ts";
import { KeptBuiltIns } from "./kept-built-ins.ts";
import { LeaseHolder } from "./lease-holder.ts";
import { type Logger, troubleOnly } from "./logger.ts";
import { allOf } from "./observer.ts";
import type { EngineOptions, LocalEngineOptions, StartRequest } from "./options.ts";
import type { ExecutionEnd } from "./run/conclude.ts";
import { Edit } from "./run/edit.ts";
import type { HolderParts, RunHolder, TakenPlace } from "./run-holder.ts";
import type { WorkflowRef, WorkflowSource } from "./source.ts";

/** Executes the runs of one store: starts, resumes, wakes and cancels them. */
export class Engine {
  readonly store: Store;
  readonly feed = new Feed((events) => {
    for (const other of this.#localEngines.others) other.committed(events);
  });
  readonly #options: EngineOptions;
  readonly #log: Logger;
  readonly #holder: RunHolder;
  readonly #watcher: Watcher;
  /** Takes runs that other servers have no place for; undefined where each server has its own database. */
  readonly #queuedRuns: QueuedRuns | undefined;
  readonly #localEngines: LocalEngines;
  readonly #relatives: Relatives;
  /** With the scope `own`: the runs that this engine was asked to start or resume. */
  readonly #own = new Set<string>();
  readonly #starting = new Set<Promise<string>>();
  readonly #uncontain: () => void;
  #closing = false;

  constructor(options: EngineOptions) {
    this.store = options.store;
    this.#options = options;
    this.#uncontain = options.scope === "none" || options.holderOf ? () => {} : contain();
    this.#log = options.log ?? troubleOnly;
    this.#localEngines = new LocalEngines(this.store.id, this.#asLocalEngine());
    this.#relatives = new Relatives({
      store: options.store,
      log: this.#log,
      adopt: (runId) => this.#adopt(runId),
      wake: (runId) => void this.#wakeFirst(runId),
      notify: (runId) => this.#holder.active(runId)?.notify(),
      isClosing: () => this.#closing,
    });
    const parts: HolderParts = {
      log: this.#log,
      sink: localSink(this.#localEngines, {
        store: options.store,
        feed: this.feed,
        observer: options.holderOf ? options.observer : allOf([options.observer, new KeptBuiltIns(this.#log)]),
        related: (turn) => this.#relatives.committed(turn),
      }),
      onReleased: (runId, end) => this.#onReleased(runId, end),
      wake: (runId) => void this.#watcher.wakeNow(runId),
    };
    this.#holder = options.holderOf ? options.holderOf(parts) : this.#newLeaseHolder(options, parts);
    this.#queuedRuns = this.#takesQueued() ? this.#newQueuedRuns() : undefined;
    this.#watcher = new Watcher({
      changed: () => this.#queuedRuns?.look(),
      store: this.store,
      feed: this.feed,
      isActive: (runId) => this.#holder.active(runId) !== undefined,
      owns: (runId) => this.#owns(runId),
      wake: (runId) => this.wake(runId),
      begun: async (runId) => this.#holder.active(runId)?.begun,
      orphans: async () => (options.recoversOrphans === false ? [] : this.#holder.orphans()),
      heartbeatMs: options.heartbeatMs ?? defaultHeartbeatMs,
      log: this.#log,
    });
  }

  /**
   * Starts watching the runs of its scope, and continues them by itself: when a timer is due, when another process has
   * recorded a decision or a signal, and when an owner has died.
   */
  begin(): void {
    this.#watcher.begin();
  }

  /**
   * Records a run and starts to execute it. Once the promise resolves, the run survives a crash.
   * @throws INVALID_INPUT with the Zod issues, RUN_ALREADY_EXISTS, IDEMPOTENCY_KEY_REUSED, SERVER_CLOSING
   */
  async start(request: StartRequest): Promise<string> {
    this.#refuseWhenClosing();
    const started = this.#holder.start(request, (runId) => this.own(runId));
    this.#starting.add(started);
    return started.finally(() => this.#starting.delete(started));
  }

  /** Makes a run one of this engine's own: the engine continues it whenever it has news and no live owner. */
  own(runId: string): void {
    if (this.#options.scope === "own") this.#own.add(runId);
  }

  /**
   * Continues a run that is parked, has failed or has lost its owner.
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, RUN_IN_PROGRESS, SERVER_CLOSING
   */
  resume(runId: string, source?: WorkflowRef): Promise<void> {
    return this.#resume(runId, source);
  }

  async #resume(runId: string, source?: WorkflowRef, forced?: ReadonlySet<string>): Promise<void> {
    this.#refuseWhenClosing();
    const run = await this.#find(runId);
    if (hasEndedForGood(run.status)) throw runHasEnded(runId, run.status, run.continuedAs);
    if (this.#holder.isTaken(run) || !(await this.#holder.claim(run, { source, forced }))) throw runInProgress(runId);
    this.own(runId);
    if (this.#options.scope === "own") void this.#relatives.adoptChildren(runId);
  }

  /**
   * Runs one failed node again, and continues its run. Other failed nodes stay failed.
   * @throws RUN_NOT_FOUND, NODE_NOT_FOUND, NODE_NOT_FAILED, RUN_NOT_ACTIVE, RUN_IN_PROGRESS, SERVER_CLOSING
   */
  async retry(node: NodeToRetry, source?: WorkflowRef): Promise<void> {
    this.#refuseWhenClosing();
    const { runId } = node;
    const run = await this.#find(runId);
    if (this.#holder.isTaken(run)) throw runInProgress(runId);
    // Loaded first: a workflow that cannot be loaded leaves the node as it is.
    const found = source ?? (await this.#holder.resolve(run));
    const { iteration, events } = await this.store.retryNode(node, run.leaseNo, Date.now());
    this.feed.publish(events);
    await this.#resume(runId, found, new Set([nodeKey(node.nodeId, iteration)])).catch((error) => {
      // Another engine of this database was faster, and continues the run.
      if (!isSmithersError(error) || error.code !== "RUN_IN_PROGRESS") throw error;
    });
  }

  /**
   * Replaces the code of a run, and continues it with the new code. Attempts that are running continue with the old
   * code.
   * @returns false when this engine does not execute the run: it has ended, or another owner executes it
   * @throws what the new code throws when it is rendered; the run then keeps the old code
   */
  async reload(runId: string, source: WorkflowSource): Promise<boolean> {
    await this.store.registerSchemas(source.workflow.registry.list());
    const edit = new Edit(source);
    for (;;) {
      await this.#holder.claimed(runId);
      const active = this.#holder.active(runId);
      if (active) {
        if (await active.reload?.(edit)) return true;
        continue;
      }
      const run = await this.store.findRun(runId);
      if (!run || !this.#mayClaim(run)) return false;
      if (!(await this.#holder.claim(run, { edit }))) continue;
      return edit.settledBefore(this.#holder.active(runId)?.end);
    }
  }

  /**
   * Cancels a run: aborts its attempts and closes its waits.
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE
   */
  async cancel(runId: string): Promise<void> {
    const run = await this.store.requestCancel(runId, Date.now());
    const active = this.#holder.active(runId);
    if (active) active.notify();
    else if (!this.#holder.isOwnedElsewhere(run)) await this.#holder.cancel(run);
    else await this.#wakeElsewhere(runId);
  }

  /**
   * Records a decision on an approval, and continues the run.
   * @throws RUN_NOT_FOUND, NODE_NOT_FOUND, NODE_NOT_WAITING, INVALID_REQUEST
   */
  async decide(decision: Decision): Promise<void> {
    this.feed.publish(await this.store.decide(decision, Date.now()));
    void this.#wakeFirst(decision.runId);
  }

  /**
   * Stores a signal until a wait consumes it, and continues the run.
   * @param known the run, if it was read a moment ago
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, INVALID_INPUT when its data does not fit the open wait
   */
  async signal(given: NewSignal, known?: Run): Promise<Signal> {
    const canExecute = await this.#holder.checkSignal(given, known);
    // Another engine of this process may have started the run, and is to be asked first.
    const takes = canExecute && this.#takesQueued() && !this.#closing && this.#localEngines.others.length === 0;
    const owner = takes ? this.#holder.owner : undefined;
    const { signal, events, taken } = await this.store.receiveSignal(given, Date.now(), owner);
    this.feed.publish(events);
    void (taken ? this.#executeSignalled(taken) : this.#wakeFirst(given.runId));
    return signal;
  }

  /** Executes a run that was taken when its signal was stored. Never rejects. */
  async #executeSignalled({ run, lease }: TakenRun): Promise<void> {
    // A claim from before the signal fails: the run has another lease now.
    await this.#holder.claimed(run.runId);
    await this.#executeTaken(run, { lease, places: undefined });
  }

  /** Takes in what is new for a run: the execution takes a turn; a run that no one executes is claimed. */
  async wake(runId: string): Promise<void> {
    await this.#holder.claimed(runId);
    const active = this.#holder.active(runId);
    if (active) return active.notify();
    const run = await this.store.findRun(runId);
    if (!run || !this.#mayClaim(run)) return;
    try {
      if ((await this.#holder.claim(run, { isOrphan: true })) && this.#options.scope === "own") {
        void this.#relatives.adoptChildren(runId);
      }
    } catch (error) {
      await this.#noteWakeFailure(run, error);
      throw error;
    }
  }

  /** Shows with the run why it does not continue. */
  async #noteWakeFailure({ runId, leaseNo }: Run, thrown: unknown): Promise<void> {
    const { code } = toErrorRecord(thrown, "SERVER_ERROR");
    // A database that is in trouble takes no note; the server's health tells of it.
    if (code.startsWith("DB_")) return;
    const reason = cutText(isSmithersError(thrown) ? thrown.problem : messageOf(thrown), maxMessageBytes);
    await this.store.noteWakeFailure(runId, leaseNo, { code, reason, sinceMs: Date.now() }).catch(() => {});
  }

  /** Resolves when this engine releases the run: it has ended, is parked, or was taken over. */
  released(runId: string): Promise<ExecutionEnd> {
    return this.#holder.released(runId);
  }

  /** How many runs are being executed. */
  get activeRuns(): number {
    return this.#holder.activeRuns;
  }

  /** The engines of this process that work on this database: this one and the other local ones. */
  get executing(): readonly Pick<Engine, "activeRuns" | "runningAttempts">[] {
    return [this, ...this.#localEngines.others];
  }

  /** How many attempts are running. */
  get runningAttempts(): number {
    return this.#holder.runningAttempts;
  }

  /** Closes gracefully: attempts may run for `graceMs` more. Then they are aborted, and run again at the next start. */
  async close(graceMs = 5_000): Promise<void> {
    this.#closing = true;
    this.#watcher.stop();
    const takes = this.#queuedRuns?.stop();
    const stopped = this.#holder.stop(graceMs);
    await Promise.allSettled([...this.#starting, takes]);
    await stopped;
    // Stops the runs whose start was accepted in the meantime.
    await this.#holder.stop(0);
    this.#localEngines.leave();
    this.#uncontain();
  }

  #newLeaseHolder(options: LocalEngineOptions, parts: HolderParts): LeaseHolder {
    const { places, ...settings } = options;
    const placesOf = places && ((_lease: Lease, wake: () => void) => places.of(wake));
    return new LeaseHolder({ ...settings, ...parts, placesOf, leavesQueued: this.#takesQueued() });
  }

  #takesQueued(): boolean {
    const { scope = "all", recoversOrphans = true } = this.#options;
    return this.store.takeQueued !== undefined && scope === "all" && recoversOrphans;
  }

  #newQueuedRuns(): QueuedRuns {
    return new QueuedRuns({
      take: (limit) => this.store.takeQueued!(this.#holder.owner, limit, Date.now()),
      execute: (run, taken) => this.#executeTaken(run, taken),
      places: this.#options.places,
      log: this.#log,
    });
  }

  /** Executes a run whose lease was taken here. When that fails, its lease is found as an orphan of this engine. */
  async #executeTaken(run: Run, taken: TakenPlace): Promise<void> {
    try {
      if (this.#closing || !(await this.#holder.claim(run, { isOrphan: true, taken }))) taken.places?.release();
    } catch (error) {
      taken.places?.release();
      await this.#noteWakeFailure(run, error);
    }
  }

  /** Wakes a run that has news. The engine that executes it, or started it, is asked first. Never rejects. */
  async #wakeFirst(runId: string): Promise<void> {
    if (!this.#holder.active(runId)) await this.#wakeElsewhere(runId);
    await this.#watcher.wakeNow(runId);
  }

  async #wakeElsewhere(runId: string): Promise<void> {
    await Promise.all(this.#localEngines.others.map((other) => other.arrived(runId)));
  }

  #asLocalEngine(): LocalEngine {
    const engine = this;
    return {
      get observer() {
        return engine.#options.observesLocalEngines ? engine.#options.observer : undefined;
      },
      get activeRuns() {
        return engine.activeRuns;
      },
      get runningAttempts() {
        return engine.runningAttempts;
      },
      committed: (events) => this.feed.forward(events, this.#options.observesLocalEngines === true),
      arrived: (runId) => this.#watcher.wakeNow(runId),
    };
  }

  /** Executes a run that one of this engine's runs has started. */
  #adopt(runId: string): void {
    this.own(runId);
    if (!this.#closing) void this.#watcher.wakeNow(runId);
  }

  #onReleased(runId: string, end: ExecutionEnd): void {
    // A place may have become free meanwhile.
    if (end === "queued") this.#queuedRuns?.look();
    // The other engines take over what arrived while this one was closing.
    if (end === "released") void this.#wakeElsewhere(runId);
    if (end === "parked" && !this.#closing) void this.#afterParking(runId);
  }

  #owns(runId: string): boolean {
    const { scope = "all" } = this.#options;
    return scope === "all" || (scope === "own" && this.#own.has(runId));
  }

  /** Whether this engine may continue a run that it does not hold by itself. */
  #mayClaim(run: Run): boolean {
    if (this.#closing || !this.#owns(run.runId) || hasEnded(run.status)) return false;
    return !this.#holder.isOwnedElsewhere(run);
  }

  #refuseWhenClosing(): void {
    if (this.#options.scope === "none") throw new SmithersError("INVALID_OPTIONS", "This engine executes no runs.");
    if (this.#closing) throw shuttingDown();
  }

  /** Takes in what arrived between the last read of the inbox and the parking. Otherwise it would wait for ever. */
  async #afterParking(runId: string): Promise<void> {
    try {
      const run = await this.store.findRun(runId);
      if (run && run.inboxNo > run.takenNo) await this.#watcher.wakeNow(runId);
      else if (run?.wakeAtMs != null) this.#watcher.parked(run);
    } catch (error) {
      this.#log.warn({ runId, err: error }, "The parked run could not be read.");
    }
  }

  async #find(runId: string): Promise<Run> {
    const run = await this.store.findRun(runId);
    if (!run) throw noSuchRun(runId);
    return run;
  }
}
