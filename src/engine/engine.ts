import { isSmithersError, SmithersError } from "../errors/index.ts";
import type { Workflow } from "../jsx/index.ts";
import {
  type ContinuingCalls,
  deriveRunState,
  hasEnded,
  hasEndedForGood,
  type NewEvent,
  newRunId,
  type Run,
  type RunConfig,
  type RunState,
  type Signal,
  staleAfterMs,
} from "../model/index.ts";
import { nodeKey } from "../plan/index.ts";
import type { Decision, Idempotency, Lease, NewSignal, NodeToRetry, Store } from "../store/index.ts";
import { cancelStored } from "./cancel.ts";
import type { TurnSink } from "./commit-turn.ts";
import { checkSignal } from "./event-waits.ts";
import { Execution, type ExecutionEnd } from "./execution.ts";
import { Feed } from "./feed.ts";
import { toInput } from "./input.ts";
import { freshRun, type LoadedRun, loadRun } from "./load-run.ts";
import { type Logger, troubleOnly } from "./logger.ts";
import { type Neighbour, Neighbours } from "./neighbours.ts";
import { allOf, type EngineObserver } from "./observer.ts";
import { isProvablyDead, newOwner } from "./owner.ts";
import type { WorkflowSource } from "./source.ts";
import { Watch } from "./watch.ts";

/**
 * Which runs an engine continues by itself: every run of its store, those that it has started or resumed itself, or
 * none, when it only records what others are to execute.
 */
export type EngineScope = "all" | "own" | "none";

export interface EngineOptions {
  readonly store: Store;
  /** Defaults to `all`. */
  readonly scope?: EngineScope;
  /** The folder that tools are confined to. */
  readonly rootDir: string;
  readonly allowNetwork: boolean;
  /** Files that no tool may read or write, beside the store's own. */
  readonly privatePaths?: () => readonly string[];
  /** Finds the workflow of a run that this engine has not started itself. */
  readonly resolveWorkflow: (run: Run) => Promise<WorkflowSource>;
  /** Defaults to what went wrong, on stderr. */
  readonly log?: Logger;
  readonly observer?: EngineObserver;
  /** Whether `observer` and the feed are also told of what other engines of this process do on this database. */
  readonly observesNeighbours?: boolean;
  /** How often an active run's lease is renewed. Defaults to 5000. */
  readonly heartbeatMs?: number;
  /** After which silence an owner counts as dead. Defaults to 30000. */
  readonly staleMs?: number;
}

export interface StartRequest extends WorkflowSource {
  readonly input: unknown;
  readonly runId?: string;
  /** As it is listed, until the workflow has rendered its name. */
  readonly workflowName: string;
  readonly config?: RunConfig;
  /** The W3C trace context of the request. */
  readonly traceparent?: string;
  /** Requests under one key are one request. */
  readonly idempotency?: Idempotency;
}

/** Executes the runs of one store: starts, resumes, wakes and cancels them, and keeps their leases alive. */
export class Engine {
  readonly store: Store;
  readonly feed = new Feed((events) => {
    for (const other of this.#neighbours.others) other.committed(events);
  });
  readonly #options: EngineOptions;
  readonly #log: Logger;
  readonly #owner = newOwner();
  readonly #active = new Map<string, Execution>();
  readonly #claiming = new Map<string, Promise<void>>();
  /** Runs that this engine has started or resumed because somebody asked for it. */
  readonly #own = new Set<string>();
  readonly #ends = new Map<string, Set<(end: ExecutionEnd) => void>>();
  readonly #heartbeat: ReturnType<typeof setInterval>;
  readonly #watch: Watch;
  readonly #neighbours: Neighbours;
  #closing = false;

  constructor(options: EngineOptions) {
    this.store = options.store;
    this.#options = options;
    this.#log = options.log ?? troubleOnly;
    this.#heartbeat = setInterval(() => void this.#beat(), options.heartbeatMs ?? 5_000);
    this.#heartbeat.unref();
    this.#watch = new Watch({
      store: this.store,
      feed: this.feed,
      isActive: (runId) => this.#active.has(runId),
      looksAfter: (runId) => this.#looksAfter(runId),
      wake: (runId) => this.wake(runId),
      orphans: () => this.#orphans(),
      log: this.#log,
    });
    this.#neighbours = new Neighbours(this.store.identity, this.#asNeighbour());
  }

  /**
   * Looks after the runs of its scope by itself: continues those whose time has come and those that another process
   * has decided on; with the scope `all` also those that a crash has left.
   */
  begin(): void {
    if ((this.#options.scope ?? "all") === "all") this.#watch.begin();
    else this.#watch.beginWithoutAdopting();
  }

  /**
   * Records a run and begins to execute it. When the promise resolves, the run survives a crash.
   * @throws INVALID_INPUT with the Zod issues, RUN_ALREADY_EXISTS, IDEMPOTENCY_KEY_REUSED, SERVER_CLOSING
   */
  async start(request: StartRequest): Promise<string> {
    this.#refuseWhenClosing();
    const { workflow, runId = newRunId() } = request;
    const input = await toInput(workflow, request.input);
    const nowMs = Date.now();
    const run: Run = {
      runId,
      home: null,
      workflowName: request.workflowName,
      workflowPath: request.workflowPath ?? null,
      workflowHash: request.workflowHash ?? null,
      status: "running",
      input,
      config: { ...request.config },
      createdAtMs: nowMs,
      startedAtMs: nowMs,
      finishedAtMs: null,
      heartbeatAtMs: nowMs,
      owner: this.#owner,
      leaseNo: 1,
      lastSeq: 0,
      frameNo: 0,
      inboxNo: 0,
      takenNo: 0,
      wakeAtMs: null,
      cancelRequestedAtMs: null,
      parentRunId: null,
      traceparent: request.traceparent ?? null,
      reopened: 0,
      loops: {},
      outputNodeId: null,
      outputIteration: null,
      error: null,
    };
    await this.store.registerSchemas(workflow.registry.list());
    const first = { type: "RunStarted", workflowName: run.workflowName } as const;
    const started = await this.store.startOnce(run, [first], request.idempotency);
    if (started.events.length === 0) return started.runId;
    this.feed.publish(started.events);
    this.#own.add(runId);
    this.#execute({ runId, owner: this.#owner, leaseNo: 1 }, workflow, freshRun(run));
    return runId;
  }

  /** Counts a run as one of this engine's own: it is continued when something comes for it and nobody executes it. */
  lookAfter(runId: string): void {
    this.#own.add(runId);
  }

  /**
   * Continues a run that is paused, failed or was left by a crash.
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, RUN_IN_PROGRESS, SERVER_CLOSING
   */
  resume(runId: string, source?: WorkflowSource): Promise<void> {
    return this.#resume(runId, source);
  }

  async #resume(runId: string, source?: WorkflowSource, askedFor?: ReadonlySet<string>): Promise<void> {
    this.#refuseWhenClosing();
    const run = await this.#find(runId);
    if (hasEndedForGood(run.status)) {
      throw new SmithersError("RUN_NOT_ACTIVE", `The run "${runId}" has ${run.status}.`);
    }
    this.#refuseWhenOwned(run);
    const lost = () => {
      throw inProgress(runId);
    };
    await this.#claim(run, source, lost, askedFor);
    this.#own.add(runId);
  }

  /**
   * Does one failed node anew, and continues its run. The others that failed stay as they are.
   * @throws RUN_NOT_FOUND, NODE_NOT_FOUND, NODE_NOT_FAILED, RUN_NOT_ACTIVE, RUN_IN_PROGRESS, SERVER_CLOSING
   */
  async retry(node: NodeToRetry, source?: WorkflowSource): Promise<void> {
    this.#refuseWhenClosing();
    const { runId } = node;
    const run = await this.#find(runId);
    this.#refuseWhenOwned(run);
    // Loaded first: a workflow that cannot be loaded leaves the node as it is.
    const found = source ?? (await this.#options.resolveWorkflow(run));
    const { iteration, events } = await this.store.retryNode(node, run.leaseNo, Date.now());
    this.feed.publish(events);
    await this.#resume(runId, found, new Set([nodeKey(node.nodeId, iteration)])).catch((error) => {
      // Another engine of this database was faster, and does what was asked for.
      if (!isSmithersError(error) || error.code !== "RUN_IN_PROGRESS") throw error;
    });
  }

  /**
   * Lets an active run go on with other code; what runs already goes on with the old. Does nothing for a run that
   * this engine does not execute.
   * @throws what the new code throws when it is rendered; the run then keeps the old
   */
  async reload(runId: string, source: WorkflowSource): Promise<void> {
    const active = this.#active.get(runId);
    if (!active) return;
    await this.store.registerSchemas(source.workflow.registry.list());
    await active.reload(source);
  }

  /**
   * Ends a run at once: its attempts are aborted and its waits are closed.
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE
   */
  async cancel(runId: string): Promise<void> {
    const run = await this.#find(runId);
    if (hasEnded(run.status)) throw new SmithersError("RUN_NOT_ACTIVE", `The run "${runId}" has ${run.status}.`);
    await this.store.requestCancel(runId, Date.now());
    const active = this.#active.get(runId);
    if (active) active.notify();
    else if (!this.#isOwned(run)) await this.#cancelUnowned(run);
    else await this.#tellOthers(runId);
  }

  /**
   * Records a decision on an approval, and continues the run.
   * @throws RUN_NOT_FOUND, NODE_NOT_FOUND, NODE_NOT_WAITING, INVALID_REQUEST
   */
  async decide(decision: Decision): Promise<void> {
    this.feed.publish(await this.store.decide(decision, Date.now()));
    void this.#guard(decision.runId, this.#arrived(decision.runId));
  }

  /**
   * Keeps a signal, and continues the run if it waits for it.
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, INVALID_INPUT when its data does not fit the wait that is open for it
   */
  async signal(given: NewSignal): Promise<Signal> {
    const run = await this.#find(given.runId);
    await checkSignal(this.store, run, given, async () => (await this.#options.resolveWorkflow(run)).workflow);
    const { signal, events } = await this.store.receiveSignal(given, Date.now());
    this.feed.publish(events);
    void this.#guard(given.runId, this.#arrived(given.runId));
    return signal;
  }

  /** Something has come for a run: whoever executes it takes a turn, and a parked run is claimed. */
  async wake(runId: string): Promise<void> {
    await this.#claiming.get(runId);
    const active = this.#active.get(runId);
    if (active) return active.notify();
    const run = await this.store.findRun(runId);
    if (!run || this.#closing || !this.#looksAfter(runId) || hasEnded(run.status) || this.#isOwned(run)) return;
    await this.#claim(run, undefined, () => {});
  }

  /** Resolves when this engine lets go of the run: it has ended, is parked, or was taken away. */
  released(runId: string): Promise<ExecutionEnd> {
    return new Promise((resolve) => {
      const waiting = this.#ends.get(runId) ?? new Set();
      this.#ends.set(runId, waiting.add(resolve));
    });
  }

  /**
   * How a run stands, as a person wants to know it.
   * @param calls how the host of the run names what continues it
   */
  async stateOf(run: Run, calls?: ContinuingCalls): Promise<RunState> {
    return deriveRunState(run, await this.store.signsOf(run), Date.now(), this.#options.staleMs, calls);
  }

  /** How many runs are being executed. */
  get activeRuns(): number {
    return this.#active.size;
  }

  /** What executes runs of this database in this process: this engine and its neighbours. */
  get executing(): readonly Pick<Engine, "activeRuns" | "runningAttempts">[] {
    return [this, ...this.#neighbours.others];
  }

  /** How many attempts are in flight. */
  get runningAttempts(): number {
    let count = 0;
    for (const execution of this.#active.values()) count += execution.runningAttempts;
    return count;
  }

  /** Ends gracefully: attempts may run for `graceMs` more, then they are aborted, to run again at the next start. */
  async close(graceMs = 5_000): Promise<void> {
    this.#closing = true;
    this.#watch.stop();
    await Promise.all([...this.#active.values()].map((execution) => execution.stop(graceMs)));
    clearInterval(this.#heartbeat);
    this.#neighbours.leave();
  }

  /** Something has come for a run: whoever executes it in this process is told, and those who began it go first. */
  async #arrived(runId: string): Promise<void> {
    if (!this.#active.has(runId)) await this.#tellOthers(runId);
    await this.wake(runId);
  }

  async #tellOthers(runId: string): Promise<void> {
    await Promise.all(this.#neighbours.others.map((other) => other.arrived(runId)));
  }

  #asNeighbour(): Neighbour {
    const engine = this;
    return {
      get observer() {
        return engine.#options.observesNeighbours ? engine.#options.observer : undefined;
      },
      get activeRuns() {
        return engine.activeRuns;
      },
      get runningAttempts() {
        return engine.runningAttempts;
      },
      committed: (events) => this.feed.relay(events, this.#options.observesNeighbours === true),
      arrived: (runId) => this.#guard(runId, this.wake(runId)),
    };
  }

  #looksAfter(runId: string): boolean {
    const { scope = "all" } = this.#options;
    return scope === "all" || (scope === "own" && this.#own.has(runId));
  }

  #refuseWhenOwned(run: Run): void {
    const { runId } = run;
    if (this.#active.has(runId) || this.#claiming.has(runId) || this.#isOwned(run)) throw inProgress(runId);
  }

  #refuseWhenClosing(): void {
    if (this.#options.scope === "none") throw new SmithersError("INVALID_OPTIONS", "This engine executes no runs.");
    if (this.#closing) throw new SmithersError("SERVER_CLOSING", "The server shuts down.");
  }

  async #claim(
    run: Run,
    source: WorkflowSource | undefined,
    lost: () => void,
    askedFor?: ReadonlySet<string>,
  ): Promise<void> {
    const claim = this.#takeOver(run, source, lost, askedFor);
    const settled = claim.catch(() => {});
    this.#claiming.set(run.runId, settled);
    try {
      await claim;
    } finally {
      this.#claiming.delete(run.runId);
    }
  }

  async #takeOver(
    run: Run,
    given: WorkflowSource | undefined,
    lost: () => void,
    askedFor?: ReadonlySet<string>,
  ): Promise<void> {
    if (run.cancelRequestedAtMs !== null && !hasEnded(run.status)) return this.#cancelUnowned(run);
    const source = given ?? (await this.#options.resolveWorkflow(run));
    const { workflow } = source;
    const lease = await this.#lease(run);
    if (!lease) return lost();
    await this.store.registerSchemas(workflow.registry.list());
    const current = await this.#find(run.runId);
    const loaded = await loadRun(this.store, current, askedFor);
    const events: NewEvent[] = isLeft(run) && given === undefined ? [{ type: "RunAutoResumed" }] : [];
    this.#execute(lease, workflow, takenOver(loaded, current, source, events));
  }

  async #lease({ runId, leaseNo, status }: Run): Promise<Lease | undefined> {
    if (status !== "failed") return this.store.takeLease(runId, this.#owner, leaseNo, Date.now());
    const reopened = await this.store.reopen(runId, this.#owner, leaseNo, Date.now());
    if (reopened) this.feed.publish(reopened.events);
    return reopened?.lease;
  }

  /** Needs no workflow, whose file may be gone. */
  async #cancelUnowned(run: Run): Promise<void> {
    const lease = await this.store.takeLease(run.runId, this.#owner, run.leaseNo, Date.now());
    if (!lease) return;
    await cancelStored(this.#sink(), lease);
    this.#tellReleased(run.runId, "ended");
  }

  #execute(lease: Lease, workflow: Workflow, loaded: LoadedRun): void {
    const { runId } = lease;
    const execution = new Execution(this.#sink(), lease, workflow, loaded, {
      rootDir: this.#options.rootDir,
      allowNetwork: this.#options.allowNetwork,
      privatePaths: () => [this.store.filename, ...(this.#options.privatePaths?.() ?? [])],
      log: this.#log,
    });
    this.#active.set(runId, execution);
    void execution.end.then((end) => this.#letGo(runId, end));
  }

  #letGo(runId: string, end: ExecutionEnd): void {
    this.#active.delete(runId);
    this.#tellReleased(runId, end);
    // What came while this engine was closing is left to those who stay.
    if (end === "released") void this.#tellOthers(runId);
    if (end === "parked" && !this.#closing) void this.#guard(runId, this.#afterParking(runId));
  }

  #tellReleased(runId: string, end: ExecutionEnd): void {
    for (const resolve of this.#ends.get(runId) ?? []) resolve(end);
    this.#ends.delete(runId);
  }

  /** What came between the last look into the inbox and the parking would otherwise wait for ever. */
  async #afterParking(runId: string): Promise<void> {
    const run = await this.store.findRun(runId);
    if (run && run.inboxNo > run.takenNo) await this.wake(runId);
    else if (run?.wakeAtMs != null) await this.#watch.wakeDue();
  }

  async #beat(): Promise<void> {
    const leases = [...this.#active.values()].map((execution) => execution.lease);
    if (leases.length === 0) return;
    try {
      const lost = await this.store.beat(leases, Date.now());
      // A run whose last turn shared the heartbeat's transaction gave its lease up itself, and is let go of first.
      if (lost.length > 0) await new Promise((resolve) => setImmediate(resolve));
      for (const lease of lost) {
        const active = this.#active.get(lease.runId);
        if (active?.lease !== lease) continue;
        active.abandon();
        this.#options.observer?.leaseLost(lease.runId);
      }
    } catch (error) {
      this.#log.warn({ err: error }, "The heartbeat could not be written.");
      this.#options.observer?.heartbeatFailed();
    }
  }

  async #orphans(): Promise<string[]> {
    const dead = new Map<string, boolean>();
    const isDead = (owner: string) => {
      if (!dead.has(owner)) dead.set(owner, isProvablyDead(owner));
      return dead.get(owner)!;
    };
    const staleSinceMs = Date.now() - (this.#options.staleMs ?? staleAfterMs);
    const claimed = await this.store.claimedRuns();
    const left = claimed.filter(({ runId, owner, heartbeatAtMs }) => {
      if (owner === this.#owner) return !this.#active.has(runId) && !this.#claiming.has(runId);
      return owner === null || (heartbeatAtMs ?? 0) < staleSinceMs || isDead(owner);
    });
    return left.map(({ runId }) => runId);
  }

  /** Whether somebody else who may be alive executes the run. */
  #isOwned(run: Run): boolean {
    if (run.owner === null || run.owner === this.#owner || isProvablyDead(run.owner)) return false;
    return Date.now() - (run.heartbeatAtMs ?? 0) <= (this.#options.staleMs ?? staleAfterMs);
  }

  async #find(runId: string): Promise<Run> {
    const run = await this.store.findRun(runId);
    if (!run) throw new SmithersError("RUN_NOT_FOUND", `There is no run "${runId}".`);
    return run;
  }

  async #guard(runId: string, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#log.warn({ runId, err: error }, "The run could not be continued.");
    }
  }

  #sink(): TurnSink {
    const own = this.#options.observer;
    const neighbours = this.#neighbours;
    return {
      store: this.store,
      feed: this.feed,
      get observer() {
        return allOf([own, ...neighbours.others.map((other) => other.observer)]);
      },
    };
  }
}

/** A parked run waits; one that is `running` and has no owner was left by one. */
const isLeft = (run: Run) => run.status === "running";

/** Notes in the first turn that the run was taken over, and whether its code has changed. */
function takenOver(loaded: LoadedRun, run: Run, source: WorkflowSource, events: NewEvent[]): LoadedRun {
  const { workflowPath = run.workflowPath, workflowHash = run.workflowHash } = source;
  const isNew = workflowHash !== null && workflowHash !== run.workflowHash;
  return {
    ...loaded,
    revive(draft) {
      for (const event of events) draft.emit(event);
      if (isNew) draft.emit({ type: "WorkflowReloaded", workflowHash });
      if (isNew || workflowPath !== run.workflowPath) draft.changeRun({ workflowPath, workflowHash });
      loaded.revive(draft);
    },
  };
}

function inProgress(runId: string): SmithersError {
  return new SmithersError("RUN_IN_PROGRESS", `The run "${runId}" has a live owner.`);
}
