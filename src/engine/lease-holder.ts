import { SmithersError } from "../errors/index.ts";
import { type Run, staleAfterMs } from "../model/index.ts";
import { type ClaimedRun, type Lease, type NewSignal, newOwner } from "../store/index.ts";
import { stopwatch, waitAtMost } from "../timing/index.ts";
import { fileRulesOf } from "./file-rules.ts";
import { defaultHeartbeatMs, Heartbeat } from "./heartbeat.ts";
import { within } from "./observer.ts";
import type { LocalEngineOptions, StartRequest } from "./options.ts";
import { OtherOwners } from "./other-owners.ts";
import type { ReservedPlace, RunPlaces } from "./places.ts";
import { type AuthorCall, callAuthor } from "./run/author-call.ts";
import { checkAwaitedSignal, checkSignal } from "./run/check-signal.ts";
import type { ExecutionEnd } from "./run/conclude.ts";
import { newRun, toInput } from "./run/create.ts";
import { endUnheldRun, endWithoutCode } from "./run/end-unheld.ts";
import { Execution, type ExecutionSettings, type LeasedRun } from "./run/execution.ts";
import { FirstCommit } from "./run/first-commit.ts";
import { defaultMaxCrashes, freshRun, loadRun, withTakeover } from "./run/load.ts";
import { SubflowCode } from "./run/subflow-code.ts";
import { RunClaims } from "./run-claims.ts";
import type { Claim, HolderParts, RunHolder } from "./run-holder.ts";
import type { WorkflowRef, WorkflowSource } from "./source.ts";
import type { RunEnd } from "./turn/run-end.ts";

/** The options of the engine, and what the engine adds. */
export type LeaseHolderSettings = Omit<LocalEngineOptions, "log" | "places"> &
  HolderParts & {
    /** Makes the places of one run; undefined without a bound. */
    placesOf?(lease: Lease, wake: () => void): RunPlaces;
    /** Whether a run that has no place here is left to other servers. */
    readonly leavesQueued?: boolean;
  };

/** How long a workflow file that does not load is left alone when many runs wait for it. */
const brokenPauseMs = 1_000;

/** Executes runs in this process: takes their leases, renews them and releases them. */
export class LeaseHolder implements RunHolder {
  /** The name of this owner in the rows of its runs. */
  readonly owner = newOwner();
  readonly #settings: LeaseHolderSettings;
  readonly #active = new Map<string, Execution>();
  readonly #claims = new RunClaims();
  /** By path, workflow files that did not load when a run of theirs was to be continued. */
  readonly #broken = new Map<string, { readonly error: unknown; readonly sinceMs: () => number }>();
  readonly #heartbeat: Heartbeat;
  readonly #others: OtherOwners;
  readonly #subflowCode: SubflowCode;
  readonly #ofExecutions: ExecutionSettings;
  #stopping: { readonly graceMs: number } | undefined;

  constructor(settings: LeaseHolderSettings) {
    this.#settings = settings;
    this.#subflowCode = new SubflowCode(settings.store);
    this.#ofExecutions = {
      ...settings,
      staleMs: settings.staleMs ?? staleAfterMs,
      fileRules: fileRulesOf(() => settings.store.privateFiles, settings.fileRules),
      noteSubflow: (node, parent, workflow) => this.#subflowCode.note(node, parent, workflow),
    };
    const { heartbeatMs = defaultHeartbeatMs } = settings;
    this.#others = new OtherOwners({
      store: settings.store,
      staleMs: settings.staleMs ?? staleAfterMs,
      lookMs: heartbeatMs,
      isOurs: (owner) => owner === this.owner,
      isHeld: (runId) => this.#isHeld(runId),
    });
    this.#heartbeat = new Heartbeat({
      ...settings,
      everyMs: heartbeatMs,
      before: () => {
        for (const execution of this.#active.values()) execution.lookAtClocks();
      },
      leases: () => [...this.#active.values()].map(({ lease }) => lease),
      abandon: (lease) => {
        const active = this.#active.get(lease.runId);
        if (active?.lease !== lease) return false;
        active.abandon();
        return true;
      },
    });
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

  claimed(runId: string): Promise<void> {
    return this.#claims.settled(runId);
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
    const check = () => toInput(workflow, request.input);
    // Only a schema has code of the author's.
    const input = await (workflow.registry.input ? this.#authorCall(request.runId ?? "")(workflow, check) : check());
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
    return this.#claims.keep(runId, this.#takeOver(run, how));
  }

  cancel(run: Run): Promise<boolean> {
    return this.#end(run, { status: "cancelled" });
  }

  resolve(run: Run): Promise<WorkflowSource> {
    return this.#sourceOf(run);
  }

  checkSignal(given: NewSignal): Promise<boolean> {
    return checkSignal(this.#settings.store, given, ...this.#toCheck(given));
  }

  /** Checks a signal as {@link checkSignal} does, without looking first whether a wait for it is open. */
  checkAwaitedSignal(given: NewSignal): Promise<boolean> {
    return checkAwaitedSignal(this.#settings.store, given, ...this.#toCheck(given));
  }

  #toCheck({ runId }: NewSignal) {
    return [async (run: Run) => (await this.resolve(run)).workflow, this.#authorCall(runId)] as const;
  }

  #authorCall(runId: string): AuthorCall {
    const { log, sink } = this.#settings;
    return (workflow, body) => callAuthor(workflow, { runId, observer: sink.observer, log }, body);
  }

  released(runId: string): Promise<ExecutionEnd> {
    return this.#claims.released(runId);
  }

  orphans(): Promise<ClaimedRun[]> {
    return this.#others.orphans();
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = { graceMs };
    // A claim that is still loading its workflow will take no lease, and is not waited for longer than that.
    await waitAtMost(graceMs, this.#claims.allSettled());
    await Promise.all([...this.#active.values()].map((execution) => execution.stop(graceMs)));
    this.#heartbeat.stop();
  }

  #isHeld(runId: string): boolean {
    return this.#active.has(runId) || this.#claims.has(runId);
  }

  async #end(run: Run, end: RunEnd): Promise<boolean> {
    const hasEnded = await endUnheldRun(this.#settings.sink, run, this.owner, end);
    if (hasEnded) this.#claims.release(run.runId, "ended");
    return hasEnded;
  }

  async #takeOver(run: Run, claim: Claim): Promise<boolean> {
    const { source: given, edit, forced, alone, isOrphan = false, taken } = claim;
    const { store, maxCrashes = defaultMaxCrashes } = this.#settings;
    const end = endWithoutCode(run, isOrphan, maxCrashes);
    if (end) return this.#end(run, end);
    const source = await (given ? this.#given(run, given) : isOrphan ? this.#loadOnce(run) : this.#sourceOf(run));
    if (this.#stopping) return false;
    const lease = taken?.lease ?? (await this.#lease(run));
    if (!lease) return false;
    await store.registerSchemas(source.workflow.registry.list());
    const stored = await loadRun(store, run.runId, { forced, alone, maxCrashes });
    if (!stored) return false;
    // A run that continues another one has had no owner yet; one that waits for a place was left by its owner.
    const wasLeft = run.heartbeatAtMs === null || taken || (run.owner === null && run.queuedAtMs !== null);
    const ownerDied = run.status === "running" && !wasLeft && given === undefined;
    const loaded = withTakeover(stored, source, ownerDied);
    this.#hold(this.#executionOf({ lease, workflow: source.workflow, loaded, edit, places: taken?.places }));
    return true;
  }

  /**
   * The code of a run: its file's, or for a Subflow what its parent mounts.
   * @param file its file's code, if that is known
   */
  async #sourceOf(run: Run, file?: WorkflowSource): Promise<WorkflowSource> {
    if (run.parentNodeId === null) return file ?? this.#settings.resolveWorkflow(run);
    const { store, sink } = this.#settings;
    const parent = await store.findRun(run.parentRunId!);
    if (!parent) {
      throw new SmithersError(
        "WORKFLOW_NOT_FOUND",
        `The parent of the run "${run.runId}" was removed, and so its code.`,
      );
    }
    const source = await this.#sourceOf(parent, file);
    const render = <T>(code: () => T) => within(sink.observer, { runId: run.runId }, code);
    return { ...source, workflow: await this.#subflowCode.find(run, source.workflow, render) };
  }

  /** The code that a caller names. For a Subflow, a file is that of the outermost run. */
  async #given(run: Run, ref: WorkflowRef): Promise<WorkflowSource> {
    const source = await this.#load(ref);
    return source.workflowPath === undefined ? source : this.#sourceOf(run, source);
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
      const source = await this.#sourceOf(run);
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

  #executionOf(run: LeasedRun & { readonly places?: ReservedPlace }, firstCommit?: FirstCommit): Execution {
    const wake = () => execution.placeFree();
    if (run.places) run.places.wake = wake;
    const places = run.places ?? this.#settings.placesOf?.(run.lease, wake);
    const execution: Execution = new Execution({ ...run, places }, this.#ofExecutions, firstCommit);
    return execution;
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
    if (end === "lost") this.#settings.sink.feed.runLost(runId);
    this.#claims.release(runId, end);
    this.#settings.onReleased(runId, end);
  }
}
