import { type ErrorRecord, SmithersError } from "../errors/index.ts";
import type { Workflow } from "../jsx/index.ts";
import { hasEnded, type Run, staleAfterMs } from "../model/index.ts";
import { type ClaimedRun, type Idempotency, isProvablyDead, type Lease, newOwner } from "../store/index.ts";
import { stopwatch, waitAtMost, yieldToEventLoop } from "../timing/index.ts";
import { fileRulesOf } from "./file-rules.ts";
import type { Logger } from "./logger.ts";
import type { EngineOptions } from "./options.ts";
import type { Edit } from "./run/edit.ts";
import { Execution, type ExecutionEnd, type LeasedRun } from "./run/execution.ts";
import { FirstCommit } from "./run/first-commit.ts";
import { defaultMaxCrashes, endParkedRun, freshRun, loadRun, withTakeover } from "./run/load.ts";
import type { WorkflowSource } from "./source.ts";
import type { TurnSink } from "./turn/commit.ts";
import type { RunEnd } from "./turn/run-end.ts";

/** How a run is claimed. */
export interface Claim {
  /** Replaces the run's own workflow, which is loaded otherwise. */
  readonly source?: WorkflowSource;
  /** Replaces the run's workflow in the first turn, unless it cannot be rendered. */
  readonly edit?: Edit;
  /** Keys of nodes that start even though another has failed. */
  readonly forced?: ReadonlySet<string>;
  /** The engine claims it by itself: a run that has ended too many processes fails instead of being claimed again. */
  readonly isOrphan?: boolean;
}

/** The options of the engine, and what the engine adds. */
export interface LeaseHolderSettings extends EngineOptions {
  readonly sink: TurnSink;
  readonly log: Logger;
  /** Called for each run that is released. */
  onReleased(runId: string, end: ExecutionEnd): void;
}

/** How long a workflow file that does not load is left alone when many runs wait for it. */
const brokenPauseMs = 1_000;

/** Executes the runs that this engine holds: takes their leases, renews them and releases them. */
export class LeaseHolder {
  /** The name of this owner in the rows of its runs. */
  readonly owner = newOwner();
  readonly #settings: LeaseHolderSettings;
  readonly #active = new Map<string, Execution>();
  readonly #claiming = new Map<string, Promise<unknown>>();
  /** By path, workflow files that did not load when a run of theirs was to be continued. */
  readonly #broken = new Map<string, { readonly error: unknown; readonly sinceMs: () => number }>();
  readonly #waiting = new Map<string, Set<(end: ExecutionEnd) => void>>();
  readonly #heartbeat: ReturnType<typeof setInterval>;
  #stopping: { readonly graceMs: number } | undefined;

  constructor(settings: LeaseHolderSettings) {
    this.#settings = settings;
    this.#heartbeat = setInterval(() => void this.#beat(), settings.heartbeatMs ?? 5_000);
    this.#heartbeat.unref();
  }

  /** How many runs are being executed. */
  get activeRuns(): number {
    return this.#active.size;
  }

  /** How many attempts are running. */
  get runningAttempts(): number {
    let count = 0;
    for (const execution of this.#active.values()) count += execution.runningAttempts;
    return count;
  }

  /** The execution of a run that is held. */
  active(runId: string): Execution | undefined {
    return this.#active.get(runId);
  }

  /** Resolves when a pending claim of the run, if there is one, has succeeded or failed. */
  async claimed(runId: string): Promise<void> {
    await this.#claiming.get(runId);
  }

  /** Whether the run has an owner, here or elsewhere, that may be alive. */
  isTaken(run: Run): boolean {
    return this.#isHeld(run.runId) || this.isOwnedElsewhere(run);
  }

  /** Whether the run has another owner that may be alive. */
  isOwnedElsewhere({ owner, heartbeatAtMs }: Run): boolean {
    if (owner === null || owner === this.owner || isProvablyDead(owner)) return false;
    return Date.now() - (heartbeatAtMs ?? 0) <= (this.#settings.staleMs ?? staleAfterMs);
  }

  /**
   * Records a run as this owner's and executes it, or finds the run that the same request has started before.
   * @param begun called once the run is recorded, before it can be released
   * @returns the run's id
   * @throws RUN_ALREADY_EXISTS, IDEMPOTENCY_KEY_REUSED
   */
  async start(run: Run, workflow: Workflow, idempotency: Idempotency | undefined, begun: () => void): Promise<string> {
    const { store, sink } = this.#settings;
    const firstCommit = new FirstCommit(store, run, idempotency, ({ events }) => {
      sink.feed.publish(events);
      begun();
      this.#hold(execution);
    });
    const lease = { runId: run.runId, owner: this.owner, leaseNo: run.leaseNo };
    const execution = this.#executionOf({ lease, workflow, loaded: freshRun(run) }, firstCommit);
    return (await firstCommit.started).runId;
  }

  /**
   * Takes the lease of a run without an owner, and executes the run.
   * @returns false when another owner was faster
   */
  async claim(run: Run, how: Claim): Promise<boolean> {
    const { runId } = run;
    if (this.#isHeld(runId)) return false;
    const claim = this.#takeOver(run, how);
    this.#claiming.set(
      runId,
      claim.catch(() => {}),
    );
    try {
      return await claim;
    } finally {
      this.#claiming.delete(runId);
    }
  }

  /** Cancels a run without an owner, unless another was faster. Needs no workflow: its file may be gone. */
  cancel(run: Run): Promise<boolean> {
    return this.#end(run, { status: "cancelled" });
  }

  /** Resolves when the run is released: it has ended, is parked, or was taken over. */
  released(runId: string): Promise<ExecutionEnd> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(runId) ?? new Set();
      this.#waiting.set(runId, waiting.add(resolve));
    });
  }

  /** Runs whose owner has died, or that should have an owner and have none. */
  async orphans(): Promise<ClaimedRun[]> {
    const dead = new Map<string, boolean>();
    const isDead = (owner: string) => {
      if (!dead.has(owner)) dead.set(owner, isProvablyDead(owner));
      return dead.get(owner)!;
    };
    const staleSinceMs = Date.now() - (this.#settings.staleMs ?? staleAfterMs);
    const claimed = await this.#settings.store.claimedRuns();
    return claimed.filter(({ runId, owner, heartbeatAtMs }) => {
      if (owner === this.owner) return !this.#isHeld(runId);
      return owner === null || (heartbeatAtMs ?? 0) < staleSinceMs || isDead(owner);
    });
  }

  /** Claims nothing more, lets attempts run for `graceMs`, aborts them, and gives up every lease. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = { graceMs };
    // A claim that is still loading its workflow will take no lease, and is not waited for longer than that.
    await waitAtMost(graceMs, Promise.all(this.#claiming.values()));
    await Promise.all([...this.#active.values()].map((execution) => execution.stop(graceMs)));
    clearInterval(this.#heartbeat);
  }

  #isHeld(runId: string): boolean {
    return this.#active.has(runId) || this.#claiming.has(runId);
  }

  async #end({ runId, leaseNo }: Run, end: RunEnd): Promise<boolean> {
    const { store, sink } = this.#settings;
    const lease = await store.takeLease(runId, this.owner, leaseNo, Date.now());
    if (!lease) return false;
    await endParkedRun(sink, lease, end);
    this.#resolveReleased(runId, "ended");
    return true;
  }

  async #takeOver(run: Run, { source: given, edit, forced, isOrphan = false }: Claim): Promise<boolean> {
    const { store, resolveWorkflow, maxCrashes = defaultMaxCrashes } = this.#settings;
    if (run.cancelRequestedAtMs !== null && !hasEnded(run.status)) return this.cancel(run);
    if (isOrphan && run.crashes >= maxCrashes) return this.#end(run, { status: "failed", error: crashLoop(run) });
    const source = given ?? (await (isOrphan ? this.#loadOnce(run) : resolveWorkflow(run)));
    if (this.#stopping) return false;
    const lease = await this.#lease(run);
    if (!lease) return false;
    await store.registerSchemas(source.workflow.registry.list());
    const stored = await loadRun(store, run.runId, { forced, maxCrashes });
    if (!stored) return false;
    const ownerDied = run.status === "running" && given === undefined;
    const loaded = withTakeover(stored, source, ownerDied);
    this.#hold(this.#executionOf({ lease, workflow: source.workflow, loaded, edit }));
    return true;
  }

  /** Of many runs of one file that does not load, only the first tries it for a while. */
  async #loadOnce(run: Run): Promise<WorkflowSource> {
    const path = run.workflowPath ?? "";
    const broken = this.#broken.get(path);
    if (broken && broken.sinceMs() < brokenPauseMs) throw broken.error;
    try {
      const source = await this.#settings.resolveWorkflow(run);
      this.#broken.delete(path);
      return source;
    } catch (error) {
      this.#broken.set(path, { error, sinceMs: stopwatch() });
      throw error;
    }
  }

  async #lease({ runId, leaseNo, status }: Run): Promise<Lease | undefined> {
    const { store, sink } = this.#settings;
    if (status !== "failed") return store.takeLease(runId, this.owner, leaseNo, Date.now());
    const reopened = await store.reopen(runId, this.owner, leaseNo, Date.now());
    if (reopened) sink.feed.publish(reopened.events);
    return reopened?.lease;
  }

  #executionOf(run: LeasedRun, firstCommit?: FirstCommit): Execution {
    const { sink, store, log, rootDir, allowNetwork, fileRules, staleMs } = this.#settings;
    const settings = {
      sink,
      rootDir,
      allowNetwork,
      staleMs: staleMs ?? staleAfterMs,
      fileRules: fileRulesOf(() => store.privateFiles, fileRules),
      log,
    };
    return new Execution(run, settings, firstCommit);
  }

  #hold(execution: Execution): void {
    const { runId } = execution.lease;
    this.#active.set(runId, execution);
    void execution.end.then((end) => this.#onReleased(runId, end));
    // The run was accepted before the process was asked to end. The next start executes it.
    if (this.#stopping) void execution.stop(this.#stopping.graceMs);
  }

  #onReleased(runId: string, end: ExecutionEnd): void {
    this.#active.delete(runId);
    this.#resolveReleased(runId, end);
    this.#settings.onReleased(runId, end);
  }

  #resolveReleased(runId: string, end: ExecutionEnd): void {
    for (const resolve of this.#waiting.get(runId) ?? []) resolve(end);
    this.#waiting.delete(runId);
  }

  async #beat(): Promise<void> {
    const { store, observer, log } = this.#settings;
    const leases = [...this.#active.values()].map((execution) => execution.lease);
    if (leases.length === 0) return;
    try {
      const lost = await store.beat(leases, Date.now());
      // A run whose last turn shared the heartbeat's transaction gave up its lease itself: it is released first.
      if (lost.length > 0) await yieldToEventLoop();
      for (const lease of lost) {
        const active = this.#active.get(lease.runId);
        if (active?.lease !== lease) continue;
        active.abandon();
        observer?.leaseLost(lease.runId);
      }
    } catch (error) {
      log.warn({ err: error }, "The heartbeat could not be written.");
      observer?.heartbeatFailed();
    }
  }
}

function crashLoop({ runId, crashes }: Run): ErrorRecord {
  const message = `The process ended, or lost the run, ${crashes} times after it had claimed the run "${runId}", and the run made no progress.`;
  return new SmithersError("CRASH_LOOP", message).toRecord();
}
