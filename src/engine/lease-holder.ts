import { type Run, staleAfterMs } from "../model/index.ts";
import { type ClaimedRun, type Lease, type NewSignal, newOwner } from "../store/index.ts";
import { stopwatch, waitAtMost, yieldToEventLoop } from "../timing/index.ts";
import { fileRulesOf } from "./file-rules.ts";
import type { LocalEngineOptions, StartRequest } from "./options.ts";
import { OtherOwners } from "./other-owners.ts";
import { checkSignal } from "./run/check-signal.ts";
import { newRun, toInput } from "./run/create.ts";
import { endUnheldRun, endWithoutCode } from "./run/end-unheld.ts";
import { Execution, type ExecutionEnd, type LeasedRun } from "./run/execution.ts";
import { FirstCommit } from "./run/first-commit.ts";
import { defaultMaxCrashes, freshRun, loadRun, withTakeover } from "./run/load.ts";
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
  #lastBeatMs = 0;
  readonly #others: OtherOwners;
  #stopping: { readonly graceMs: number } | undefined;

  constructor(settings: LeaseHolderSettings) {
    this.#settings = settings;
    const { heartbeatMs = 5_000 } = settings;
    this.#others = new OtherOwners({
      store: settings.store,
      staleMs: settings.staleMs ?? staleAfterMs,
      lookMs: heartbeatMs,
      isOurs: (owner) => owner === this.owner,
      isHeld: (runId) => this.#isHeld(runId),
    });
    this.#heartbeat = setInterval(() => void this.#beat(), heartbeatMs);
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
    return this.#isHeld(run.runId) || (this.isOwnedElsewhere(run) && !this.#others.seemsLeft(run));
  }

  isOwnedElsewhere(run: Run): boolean {
    return this.#others.mayOwn(run);
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
      if (execution) this.#hold(execution);
    });
    const lease = { runId: run.runId, owner: this.owner, leaseNo: run.leaseNo };
    const execute = () => this.#executionOf({ lease, workflow, loaded: freshRun(run) }, firstCommit);
    const execution = request.recordsFirst ? undefined : execute();
    if (!execution && (await firstCommit.started).events.length > 0) this.#hold(execute());
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

  orphans(): Promise<ClaimedRun[]> {
    return this.#others.orphans();
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

  async #end(run: Run, end: RunEnd): Promise<boolean> {
    const hasEnded = await endUnheldRun(this.#settings.sink, run, this.owner, end);
    if (hasEnded) this.#resolveReleased(run.runId, "ended");
    return hasEnded;
  }

  async #takeOver(run: Run, { source: given, edit, forced, isOrphan = false }: Claim): Promise<boolean> {
    const { store, maxCrashes = defaultMaxCrashes } = this.#settings;
    const end = endWithoutCode(run, isOrphan, maxCrashes);
    if (end) return this.#end(run, end);
    const source = await (given ? this.#load(given) : isOrphan ? this.#loadOnce(run) : this.resolve(run));
    if (this.#stopping) return false;
    const lease = await this.#lease(run);
    if (!lease) return false;
    await store.registerSchemas(source.workflow.registry.list());
    const stored = await loadRun(store, run.runId, { forced, maxCrashes });
    if (!stored) return false;
    // A run that continues another one has had no owner yet.
    const ownerDied = run.status === "running" && run.heartbeatAtMs !== null && given === undefined;
    const loaded = withTakeover(stored, source, ownerDied);
    this.#hold(this.#executionOf({ lease, workflow: source.workflow, loaded, edit }));
    return true;
  }

  async #load(ref: WorkflowRef): Promise<WorkflowSource> {
    return ref.workflow ? ref : this.#settings.resolveWorkflow({ runId: "", workflowPath: ref.workflowPath });
  }

  /** Loads a run's workflow. A file that did not load is not tried again for a while, however many runs have it. */
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
    void execution.end.then((end) => this.#onReleased(runId, end, execution.continuedAs));
    // The run was accepted before the process was asked to end. The next start executes it.
    if (this.#stopping) void execution.stop(this.#stopping.graceMs);
  }

  #onReleased(runId: string, end: ExecutionEnd, continuedAs: string | null): void {
    this.#active.delete(runId);
    if (end === "ended" && continuedAs !== null) this.#settings.continued(runId, continuedAs);
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
      // Others see that the owner is alive by the change, so each heartbeat differs from the last one.
      const nowMs = Date.now();
      this.#lastBeatMs = nowMs === this.#lastBeatMs ? nowMs + 1 : nowMs;
      const lost = await store.beat(leases, this.#lastBeatMs);
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
