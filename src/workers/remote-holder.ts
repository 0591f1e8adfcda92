import {
  type Claim,
  defaultHeartbeatMs,
  defaultMaxCrashes,
  type ExecutionEnd,
  endUnheldRun,
  endWithoutCode,
  Heartbeat,
  type HeldRun,
  type HolderParts,
  isAwaited,
  OtherOwners,
  type Places,
  RunClaims,
  type RunHolder,
  releaseLost,
  type StartRequest,
  type WorkflowFileRef,
} from "../engine/index.ts";
import { type ErrorRecord, SmithersError } from "../errors/index.ts";
import { type CommittedEvent, type Run, staleAfterMs } from "../model/index.ts";
import { type ClaimedRun, type Lease, type NewSignal, newOwner, type TurnRecord } from "../store/index.ts";
import { waitAtMost } from "../timing/index.ts";
import { withInputJson } from "./as-json.ts";
import type { Verdict } from "./blame.ts";
import { CommitNews } from "./commit-news.ts";
import { HeldRuns } from "./held-runs.ts";
import type { WorkerPool } from "./pool.ts";
import { identityOf, type StoreIdentity } from "./remote-store.ts";
import { type AnswerListeners, StoreHost } from "./store-host.ts";
import { Suspects } from "./suspects.ts";
import { WorkerPlaces } from "./worker-places.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface RemoteHolderSettings {
  readonly heartbeatMs?: number;
  readonly staleMs?: number;
  readonly maxCrashes?: number;
  /** The places for attempts; undefined when there is no bound. */
  readonly places?: Places;
}

/** How long a worker gets, in addition to the grace of its attempts, to release its runs. */
const releaseMs = 1_000;

/** How long the check of a signal's data may delay the signal. */
const signalCheckMs = 2_000;

/** Has the runs of one store executed by the workers of a pool. */
export class RemoteHolder implements RunHolder {
  readonly #pool: WorkerPool;
  readonly #parts: HolderParts;
  readonly #settings: RemoteHolderSettings;
  /** In whose name this process takes, ends or releases runs without their code. */
  readonly owner = newOwner();
  /** The names of this pool's workers in the rows of runs. */
  readonly #owners = new Set<string>([this.owner]);
  readonly #held = new HeldRuns();
  readonly #hosts = new Map<WorkerProcess, StoreHost>();
  readonly #claims = new RunClaims();
  readonly #suspects = new Suspects();
  readonly #others: OtherOwners;
  readonly #places: WorkerPlaces | undefined;
  readonly #heartbeat: Heartbeat;
  readonly #news: CommitNews;
  #isStopping = false;

  constructor(pool: WorkerPool, parts: HolderParts, settings: RemoteHolderSettings = {}) {
    this.#pool = pool;
    this.#parts = parts;
    this.#settings = settings;
    this.#news = new CommitNews(parts.sink, (runId, end) => {
      this.#claims.release(runId, end);
      parts.onReleased(runId, end);
    });
    this.#places = settings.places && new WorkerPlaces(settings.places, parts.sink.store.id);
    const { heartbeatMs = defaultHeartbeatMs } = settings;
    this.#others = new OtherOwners({
      store: parts.sink.store,
      staleMs: settings.staleMs ?? staleAfterMs,
      lookMs: heartbeatMs,
      isOurs: (owner) => this.#owners.has(owner),
      isHeld: (runId) => this.#isHeld(runId),
    });
    this.#heartbeat = new Heartbeat({
      ...parts,
      everyMs: heartbeatMs,
      leases: () => this.#held.leases(),
      abandon: (lease) => this.#abandon(lease),
    });
    pool.add(this);
  }

  get identity(): StoreIdentity {
    return identityOf(this.#parts.sink.store);
  }

  get activeRuns(): number {
    return this.#held.size;
  }

  get runningAttempts(): number {
    return this.#held.runningAttempts;
  }

  active(runId: string): HeldRun | undefined {
    const held = this.#held.get(runId);
    return held && { notify: () => held.worker.channel.tell("notify", this.identity.id, runId) };
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

  /** Runs are started from files, which the pool does: see {@link WorkerPool.start}. */
  start(_request: StartRequest): Promise<string> {
    return Promise.reject(new SmithersError("SERVER_ERROR", "A worker starts only runs of workflow files."));
  }

  async claim(run: Run, how: Claim): Promise<boolean> {
    const { runId } = run;
    if (this.#isHeld(runId)) return false;
    return this.#claims.keep(runId, this.#claim(run, how));
  }

  async #claim(run: Run, { source, forced, isOrphan = false, taken }: Claim): Promise<boolean> {
    const end = endWithoutCode(run, isOrphan, this.#settings.maxCrashes ?? defaultMaxCrashes);
    if (end) return this.#end(run, end);
    if (this.#isStopping) return false;
    const path = source?.workflowPath;
    const store = this.identity;
    const { runId } = run;
    let given = taken;
    const job = (worker: WorkerProcess) => {
      const lease = given?.lease;
      if (lease) this.#hold(worker, lease);
      if (given?.places) this.#places?.hand(worker, given.lease, given.places);
      // Another worker takes a lease of its own.
      given = undefined;
      return worker.channel
        .call("claim", {
          store,
          run: withInputJson(run),
          path,
          forced,
          alone: this.#suspects.nodesOf(runId),
          isOrphan,
          lease,
        })
        .then((isClaimed) => {
          if (!isClaimed) this.gaveUp(worker, runId);
          return isClaimed;
        })
        .catch((error) => {
          this.gaveUp(worker, runId);
          throw error;
        });
    };
    return this.#pool.run(path ?? pathOf(run), job, this.#suspects.has(runId) ? runId : undefined);
  }

  /** Forgets the lease of a run that a worker does not execute. The run is an orphan then. */
  gaveUp(worker: WorkerProcess, runId: string): void {
    const held = this.#held.get(runId);
    if (held?.worker !== worker) return;
    this.#held.delete(runId);
    this.#places?.release(worker, held.lease);
    this.#parts.sink.feed.runLost(runId);
    this.#claims.release(runId, "lost");
  }

  cancel(run: Run): Promise<boolean> {
    return this.#end(run, { status: "cancelled" });
  }

  async #end(run: Run, end: NonNullable<ReturnType<typeof endWithoutCode>>): Promise<boolean> {
    const isEnded = await endUnheldRun(this.#parts.sink, run, this.owner, end);
    if (isEnded) this.#claims.release(run.runId, "ended");
    return isEnded;
  }

  async resolve(run: Run): Promise<WorkflowFileRef> {
    const workflowPath = pathOf(run);
    await this.#pool.load(workflowPath);
    return { workflowPath };
  }

  async checkSignal(given: NewSignal, known?: Run): Promise<boolean> {
    const { store } = this.#parts.sink;
    if (!(await isAwaited(store, given))) return false;
    const run = known ?? (await store.findRun(given.runId));
    if (!run?.workflowPath) return false;
    const check = this.#pool.run(run.workflowPath, (worker) =>
      worker.channel.call("checkSignal", this.identity, given),
    );
    let isFound = false;
    const checked = check.then(
      (found) => {
        isFound = found;
      },
      (error) => {
        if (error.code === "INVALID_INPUT") throw error;
      },
    );
    // A workflow that cannot be asked now does not keep signals out: the wait checks again.
    await waitAtMost(signalCheckMs, checked);
    return isFound;
  }

  /** Answers a worker that asks for places: all it wants, when there is no bound. */
  askPlaces(worker: WorkerProcess, runId: string, leaseNo: number, running: number, wanted: number): Promise<number> {
    return this.#places?.ask(worker, { runId, leaseNo }, running, wanted) ?? Promise.resolve(wanted);
  }

  releasePlaces(worker: WorkerProcess, runId: string, leaseNo: number): void {
    this.#places?.release(worker, { runId, leaseNo });
  }

  released(runId: string): Promise<ExecutionEnd> {
    return this.#claims.released(runId);
  }

  orphans(): Promise<ClaimedRun[]> {
    return this.#others.orphans();
  }

  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    await waitAtMost(graceMs, this.#claims.allSettled());
    const workers = this.#held.workers();
    const stopped = [...workers].map((worker) =>
      worker.channel.call("stop", this.identity.id, graceMs).catch(() => {}),
    );
    await waitAtMost(graceMs + releaseMs, Promise.all(stopped));
    this.#news.flush();
    this.#heartbeat.stop();
  }

  /** Answers the calls of a worker's store. */
  hostFor(worker: WorkerProcess): StoreHost {
    return this.#hosts.get(worker) ?? this.#newHost(worker);
  }

  /** The runs that a worker executes, with the nodes whose attempts run. */
  runsOf(worker: WorkerProcess): readonly string[] {
    return this.#held.of(worker).map(({ lease }) => lease.runId);
  }

  /** Releases the runs of a worker that has ended, so that they continue elsewhere at once. */
  async lost(worker: WorkerProcess, verdict: Verdict): Promise<void> {
    this.#hosts.delete(worker);
    this.#places?.lost(worker);
    const lost = this.#held.of(worker);
    for (const { lease } of lost) {
      this.#held.delete(lease.runId);
      this.#suspects.add(lease.runId, verdict);
    }
    await Promise.all(lost.map(({ lease }) => this.#release(lease, verdict)));
  }

  async #release(lease: Lease, { charged, errorOf }: Verdict): Promise<void> {
    const { runId } = lease;
    const { sink, log } = this.#parts;
    const nodeIds = charged.get(runId);
    const isCharged = nodeIds !== undefined && !this.#suspects.tellsApart(runId, nodeIds);
    const lost = { lease, error: errorOf(runId, nodeIds), isCharged, nodeIds: isCharged ? nodeIds : undefined };
    try {
      // Until it is released, it is not a run that was left: a look for those would count a crash of its own.
      await this.#claims.keep(runId, releaseLost(sink, this.owner, lost, this.#settings.maxCrashes));
    } catch (error) {
      log.warn({ runId, err: error }, "A run whose worker has ended could not be released. It is taken over later.");
    }
    this.#claims.release(runId, "lost");
    if (!this.#isStopping) this.#parts.wake(runId);
  }

  #newHost(worker: WorkerProcess): StoreHost {
    const { id } = this.identity;
    const news = {
      changed() {},
      trouble: (record: ErrorRecord | undefined) => worker.channel.tell("trouble", id, record),
    };
    const host = new StoreHost(this.#parts.sink.store, news, this.#listenersFor(worker));
    this.#hosts.set(worker, host);
    return host;
  }

  /** What a worker's writes mean for others: events are published here, and leases are kept here. */
  #listenersFor(worker: WorkerProcess): AnswerListeners {
    return {
      startOnce: (started, [run]) => {
        if (started.events.length > 0) {
          this.#hold(worker, { runId: run.runId, owner: run.owner!, leaseNo: run.leaseNo });
          this.#held.read(run);
        }
        // At once: its caller opens a stream next, which takes longer than the worker's next turn.
        this.#pool.started(run.runId, started.runId);
        this.#news.events(started.events);
      },
      takeLease: (lease) => lease && this.#hold(worker, lease),
      reopen: (reopened) => {
        if (!reopened) return;
        this.#hold(worker, reopened.lease);
        this.#news.events(reopened.events);
      },
      loadRun: (stored) => stored && this.#held.read(stored.run),
      beginToolCall: ({ events }) => this.#news.events(events),
      commitTurn: (events, [turn], tookMs) => {
        if (events !== "cancel-pending") this.#committed(worker, turn, events, tookMs);
      },
    };
  }

  #hold(worker: WorkerProcess, lease: Lease): void {
    this.#owners.add(lease.owner);
    // A worker that has ended meanwhile executes nothing.
    if (!worker.hasEnded) this.#held.add(worker, lease);
  }

  #committed(worker: WorkerProcess, turn: TurnRecord, events: readonly CommittedEvent[], commitMs: number): void {
    const { lease, run, facts } = turn;
    this.#held.committed(turn);
    const row = this.#held.get(lease.runId)?.row;
    if (run.release) {
      this.#places?.release(worker, lease);
      this.#held.delete(lease.runId);
      this.#suspects.clear(lease.runId);
    } else this.#places?.note(worker, lease, facts?.runningAttempts ?? 0);
    this.#news.turn(turn, row, events, commitMs);
  }

  #abandon(lease: Lease): boolean {
    const held = this.#held.get(lease.runId);
    // A run that has continued meanwhile gave up this lease itself.
    if (held?.lease !== lease) return false;
    this.#held.delete(lease.runId);
    this.#places?.release(held.worker, lease);
    this.#parts.sink.feed.runLost(lease.runId);
    held.worker.channel.tell("abandon", this.identity.id, lease.runId, lease.leaseNo);
    return true;
  }

  #isHeld(runId: string): boolean {
    return this.#held.get(runId) !== undefined || this.#claims.has(runId);
  }
}

function pathOf({ runId, workflowPath }: Run): string {
  if (workflowPath !== null) return workflowPath;
  throw new SmithersError("WORKFLOW_NOT_FOUND", `The run "${runId}" has no workflow file. Pass its workflowPath.`);
}
