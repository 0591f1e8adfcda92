import { type ErrorRecord, SmithersError } from "../errors/index.ts";
import { hasEnded, type Run, staleAfterMs } from "../model/index.ts";
import { type ClaimedRun, isProvablyDead, type Lease, type NewSignal, newOwner } from "../store/index.ts";
import { stopwatch, waitAtMost, yieldToEventLoop } from "../timing/index.ts";
import { fileRulesOf } from "./file-rules.ts";
import type { LocalEngineOptions, StartRequest } from "./options.ts";
import { checkSignal } from "./run/check-signal.ts";
import { newRun, toInput } from "./run/create.ts";
import { Execution, type ExecutionEnd, type LeasedRun } from "./run/execution.ts";
import { FirstCommit } from "./run/first-commit.ts";
import { defaultMaxCrashes, endParkedRun, freshRun, loadRun, withTakeover } from "./run/load.ts";
import type { Claim, HolderParts, RunHolder } from "./run-holder.ts";
import type { WorkflowRef, WorkflowSource } from "./source.ts";
import type { RunEnd } from "./turn/run-end.ts";

/** The options of the engine, and what the engine adds. */
export type LeaseHolderSettings = Omit<LocalEngineOptions, "log"> & HolderParts;

/** How long a workflow file that does not load is left alone when many runs wait for it. */
const brokenPauseMs = 1_000;

/** Executes runs in this process: takes their leases, renews them and releases them. */
export class LeaseHolder implements RunHolder {
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

  get activeRuns(): number {
    return this.#active.size;
  }

  get runningAttempts(): number {
    let count = 0;
    for (const execution of this.#active.values()) count += execution.runningAttempts;
    return count;
  }

  /** The execution of a run that is held. */
  active(runId: string): Execution | undefined {
    return this.#active.get(runId);
  }

  async claimed(runId: string): Promise<void> {
    await this.#claiming.get(runId);
  }

  isTaken(run: Run): boolean {
    return this.#isHeld(run.runId) || this.isOwnedElsewhere(run);
  }

  isOwnedElsewhere({ owner, heartbeatAtMs }: Run): boolean {
    if (owner === null || owner === this.owner || isProvablyDead(owner)) return false;
    return Date.now() - (heartbeatAtMs ?? 0) <= (this.#settings.staleMs ?? staleAfterMs);
  }

  async start(request: StartRequest, begun: (runId: string) => void): Promise<string> {
    const { store, sink } = this.#settings;
    const source = await this.#load(request);
    const { workflow } = source;
    const input = await toInput(workflow, request.input);
    const run = newRun({ ...request, ...source }, this.owner, input, Date.now());
    await store.registerSchemas(workflow.registry.list());
    const firstCommit = new FirstCommit(store, run, request.idempotency, ({ events }) => {
      sink.feed.publish(events);
      begun(run.runId);
      this.#hold(execution);
    });
    const lease = { runId: run.runId, owner: this.owner, leaseNo: run.leaseNo };
    const execution = this.#executionOf({ lease, workflow, loaded: freshRun(run) }, firstCommit);
    return (await firstCommit.started).runId;
  }

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

  cancel(run: Run): Promise<boolean> {
    return this.#end(run, { status: "cancelled" });
  }

  resolve(run: Run): Promise<WorkflowSource> {
    return this.#settings.resolveWorkflow(run);
  }

  checkSignal(given: NewSignal): Promise<void> {
    return checkSignal(this.#settings.store, given, async (run) => (await this.resolve(run)).workflow);
  }

  released(runId: string): Promise<ExecutionEnd> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(runId) ?? new Set();
      this.#waiting.set(runId, waiting.add(resolve));
    });
  }

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
    const { store, maxCrashes = defaultMaxCrashes } = this.#settings;
    if (run.cancelRequestedAtMs !== null && !hasEnded(run.status)) return this.cancel(run);
    if (isOrphan && run.crashes >= maxCrashes) return this.#end(run, { status: "failed", error: crashLoop(run) });
    const source = await (given ? this.#load(given) : isOrphan ? this.#loadOnce(run) : this.resolve(run));
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

  async #load(ref: WorkflowRef): Promise<WorkflowSource> {
    return ref.workflow ? ref : this.#settings.resolveWorkflow({ runId: "", workflowPath: ref.workflowPath });
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
    for (const execution of this.#active.values()) execution.lookAtClocks();
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
