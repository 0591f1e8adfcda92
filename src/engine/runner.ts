import { SmithersError } from "../errors/index.ts";
import type { Workflow } from "../jsx/index.ts";
import { hasEnded, type Run, staleAfterMs } from "../model/index.ts";
import { isProvablyDead, type Lease, newOwner } from "../store/index.ts";
import { cancelStored } from "./cancel.ts";
import type { TurnSink } from "./commit-turn.ts";
import { Execution, type ExecutionEnd } from "./execution.ts";
import { freshRun, type LoadedRun, loadRun, takenOver } from "./load-run.ts";
import type { Logger } from "./logger.ts";
import type { EngineOptions } from "./options.ts";
import type { WorkflowSource } from "./source.ts";

/** What a runner needs beside the options of its engine. */
export interface RunnerSettings extends EngineOptions {
  readonly sink: TurnSink;
  readonly log: Logger;
  /** Told of each run that is let go of. */
  letGo(runId: string, end: ExecutionEnd): void;
}

/** Executes the runs that this process holds: takes their leases, keeps them alive, and lets go of them. */
export class Runner {
  /** As it is written into the rows of the runs that are held. */
  readonly owner = newOwner();
  readonly #settings: RunnerSettings;
  readonly #active = new Map<string, Execution>();
  readonly #claiming = new Map<string, Promise<unknown>>();
  readonly #waiting = new Map<string, Set<(end: ExecutionEnd) => void>>();
  readonly #heartbeat: ReturnType<typeof setInterval>;
  #stopping: { readonly graceMs: number } | undefined;

  constructor(settings: RunnerSettings) {
    this.#settings = settings;
    this.#heartbeat = setInterval(() => void this.#beat(), settings.heartbeatMs ?? 5_000);
    this.#heartbeat.unref();
  }

  /** How many runs are being executed. */
  get activeRuns(): number {
    return this.#active.size;
  }

  /** How many attempts are in flight. */
  get runningAttempts(): number {
    let count = 0;
    for (const execution of this.#active.values()) count += execution.runningAttempts;
    return count;
  }

  active(runId: string): Execution | undefined {
    return this.#active.get(runId);
  }

  /** Resolves when the claim of a run that is under way, if one is, has succeeded or not. */
  async claimed(runId: string): Promise<void> {
    await this.#claiming.get(runId);
  }

  /** Whether the run is executed, here or by somebody else who may be alive. */
  isTaken(run: Run): boolean {
    return this.#isHeld(run.runId) || this.isOwnedElsewhere(run);
  }

  /** Whether somebody else who may be alive executes the run. */
  isOwnedElsewhere({ owner, heartbeatAtMs }: Run): boolean {
    if (owner === null || owner === this.owner || isProvablyDead(owner)) return false;
    return Date.now() - (heartbeatAtMs ?? 0) <= (this.#settings.staleMs ?? staleAfterMs);
  }

  /** Executes a run that was recorded as this owner's a moment ago. */
  execute(run: Run, workflow: Workflow): void {
    this.#execute({ runId: run.runId, owner: this.owner, leaseNo: run.leaseNo }, workflow, freshRun(run));
  }

  /**
   * Takes a run that nobody executes, and executes it. Its own workflow is loaded unless one is given.
   * @returns false when somebody else was faster
   */
  async claim(run: Run, given?: WorkflowSource, askedFor?: ReadonlySet<string>): Promise<boolean> {
    const { runId } = run;
    if (this.#isHeld(runId)) return false;
    const claim = this.#takeOver(run, given, askedFor);
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

  /** Cancels a run that nobody executes, unless somebody else was faster. Needs no workflow, whose file may be gone. */
  async cancel({ runId, leaseNo }: Run): Promise<boolean> {
    const { store } = this.#settings;
    const lease = await store.takeLease(runId, this.owner, leaseNo, Date.now());
    if (!lease) return false;
    await cancelStored(this.#settings.sink, lease);
    this.#tell(runId, "ended");
    return true;
  }

  /** Resolves when the run is let go of: it has ended, is parked, or was taken away. */
  released(runId: string): Promise<ExecutionEnd> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(runId) ?? new Set();
      this.#waiting.set(runId, waiting.add(resolve));
    });
  }

  /** Runs that were left by an owner who is gone, or by nobody. */
  async orphans(): Promise<string[]> {
    const dead = new Map<string, boolean>();
    const isDead = (owner: string) => {
      if (!dead.has(owner)) dead.set(owner, isProvablyDead(owner));
      return dead.get(owner)!;
    };
    const staleSinceMs = Date.now() - (this.#settings.staleMs ?? staleAfterMs);
    const claimed = await this.#settings.store.claimedRuns();
    const left = claimed.filter(({ runId, owner, heartbeatAtMs }) => {
      if (owner === this.owner) return !this.#isHeld(runId);
      return owner === null || (heartbeatAtMs ?? 0) < staleSinceMs || isDead(owner);
    });
    return left.map(({ runId }) => runId);
  }

  /** Claims nothing more, lets attempts run for `graceMs`, aborts them, and gives every lease up. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = { graceMs };
    while (this.#claiming.size > 0 || this.#active.size > 0) {
      await Promise.all([
        ...this.#claiming.values(),
        ...[...this.#active.values()].map((execution) => execution.stop(graceMs)),
      ]);
      // Whoever waited for the same promises lets go of what they were about.
      await new Promise((resolve) => setImmediate(resolve));
    }
    clearInterval(this.#heartbeat);
  }

  #isHeld(runId: string): boolean {
    return this.#active.has(runId) || this.#claiming.has(runId);
  }

  async #takeOver(run: Run, given?: WorkflowSource, askedFor?: ReadonlySet<string>): Promise<boolean> {
    const { store, resolveWorkflow } = this.#settings;
    if (run.cancelRequestedAtMs !== null && !hasEnded(run.status)) return this.cancel(run);
    const source = given ?? (await resolveWorkflow(run));
    if (this.#stopping) return false;
    const lease = await this.#lease(run);
    if (!lease) return false;
    await store.registerSchemas(source.workflow.registry.list());
    const current = await store.findRun(run.runId);
    if (!current) return false;
    const loaded = await loadRun(store, current, askedFor);
    const wasLeft = run.status === "running" && given === undefined;
    this.#execute(lease, source.workflow, takenOver(loaded, current, source, wasLeft));
    return true;
  }

  async #lease({ runId, leaseNo, status }: Run): Promise<Lease | undefined> {
    const { store, sink } = this.#settings;
    if (status !== "failed") return store.takeLease(runId, this.owner, leaseNo, Date.now());
    const reopened = await store.reopen(runId, this.owner, leaseNo, Date.now());
    if (reopened) sink.feed.publish(reopened.events);
    return reopened?.lease;
  }

  #execute(lease: Lease, workflow: Workflow, loaded: LoadedRun): void {
    const { runId } = lease;
    const { sink, store, log, rootDir, allowNetwork, privatePaths } = this.#settings;
    const execution = new Execution(sink, lease, workflow, loaded, {
      rootDir,
      allowNetwork,
      privatePaths: () => [store.filename, ...(privatePaths?.() ?? [])],
      log,
    });
    this.#active.set(runId, execution);
    void execution.end.then((end) => this.#letGo(runId, end));
    // It was accepted before the process was asked to end; the next start executes it.
    if (this.#stopping) void execution.stop(this.#stopping.graceMs);
  }

  #letGo(runId: string, end: ExecutionEnd): void {
    this.#active.delete(runId);
    this.#tell(runId, end);
    this.#settings.letGo(runId, end);
  }

  #tell(runId: string, end: ExecutionEnd): void {
    for (const resolve of this.#waiting.get(runId) ?? []) resolve(end);
    this.#waiting.delete(runId);
  }

  async #beat(): Promise<void> {
    const { store, observer, log } = this.#settings;
    const leases = [...this.#active.values()].map((execution) => execution.lease);
    if (leases.length === 0) return;
    try {
      const lost = await store.beat(leases, Date.now());
      // A run whose last turn shared the heartbeat's transaction gave its lease up itself, and is let go of first.
      if (lost.length > 0) await new Promise((resolve) => setImmediate(resolve));
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

/** Answers whoever asks for a run that somebody executes already. */
export function inProgress(runId: string): SmithersError {
  return new SmithersError("RUN_IN_PROGRESS", `The run "${runId}" has a live owner.`);
}
