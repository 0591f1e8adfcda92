import type { Logger, RunRequest } from "../engine/index.ts";
import { isSmithersError, shuttingDown } from "../errors/index.ts";
import type { BlockingRun } from "../model/index.ts";
import { type ChildEnd, newRunId } from "../runtime/index.ts";
import { waitAtMost } from "../timing/index.ts";
import { isLongText, withInputJson } from "./as-json.ts";
import { judge, type Kill, type WorkerEnd } from "./blame.ts";
import { aloneKey, chooseWorker } from "./choose-worker.ts";
import { workerEnvironment } from "./environment.ts";
import { FileKeys } from "./file-keys.ts";
import { lossLine, lossReason } from "./loss.ts";
import type { LoadedFile, WorkerSettings } from "./protocol.ts";
import type { RemoteHolder } from "./remote-holder.ts";
import type { StoreIdentity } from "./remote-store.ts";
import { type AnswerParts, serverAnswers } from "./server-answers.ts";
import { Spare } from "./spare.ts";
import { StartedRuns } from "./started-runs.ts";
import { Watchdog } from "./watchdog.ts";
import { WorkerProcess } from "./worker-process.ts";

export interface PoolSettings extends Omit<WorkerSettings, "hiddenEnv"> {
  readonly maxWorkers: number;
  readonly workerTimeoutMs: number;
  readonly workerMemoryMb: number;
  /** Texts that no environment variable of a worker may have as its value. */
  readonly secrets: readonly string[];
  readonly log: Logger;
  readonly observer?: PoolObserver;
  /** Files that tools must neither read nor write. */
  privatePaths(): readonly string[];
  /** Opens the database that a workflow names for its runs. */
  openDatabase(dbPath: string): Promise<StoreIdentity>;
}

/** Counts what happens to workers. */
export interface PoolObserver {
  workerStarted(): void;
  workerEnded(reason: "idle" | "blocked" | "memory" | "broken" | "lost" | "closed"): void;
}

/** A run to start. */
export interface PoolStart {
  readonly path: string;
  /** See {@link import("./protocol.ts").FileStart}. */
  readonly existing: string | undefined;
  readonly main: StoreIdentity;
  readonly request: RunRequest;
}

/** A worker without work ends after this time. */
const idleLimitMs = 60_000;
const tidyMs = 5_000;
/** How often a job is given to a worker that ends because of another job. */
const maxTries = 3;
const endMs = 2_000;

/** The worker processes of a server. Each workflow file gets its own, until there are `maxWorkers`: then files share. */
export class WorkerPool {
  readonly #settings: PoolSettings;
  readonly #workers = new Set<WorkerProcess>();
  readonly #stores = new Map<string, RemoteHolder>();
  readonly #started = new StartedRuns();
  readonly #files: FileKeys;
  readonly #spare: Spare;
  readonly #watchdog: Watchdog;
  readonly #answerParts: AnswerParts;
  readonly #tidying: ReturnType<typeof setInterval>;
  readonly #endings = new Set<Promise<void>>();
  #lastTry = 0;
  #isClosing = false;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
    this.#files = new FileKeys(settings.rootDir);
    this.#spare = new Spare({
      log: settings.log,
      isMissing: () =>
        !this.#isClosing &&
        this.#workers.size < settings.maxWorkers &&
        ![...this.#workers].some(({ keys, isLeaving }) => keys.size === 0 && !isLeaving),
      add: () => this.#add(),
    });
    this.#watchdog = new Watchdog({
      ...settings,
      workers: () => this.#workers,
      kill: (worker, why) => worker.kill(why),
    });
    this.#answerParts = {
      log: settings.log,
      holderOf: (storeId) => this.#stores.get(storeId),
      openDatabase: (dbPath) => settings.openDatabase(dbPath),
      answered: (worker) => this.#watchdog.answered(worker),
    };
    this.#tidying = setInterval(() => this.#tidy(), tidyMs);
    this.#tidying.unref();
  }

  /** Makes a store's runs known. */
  add(holder: RemoteHolder): void {
    this.#stores.set(holder.identity.id, holder);
  }

  /** Starts the first worker. */
  begin(): void {
    this.#spare.begin();
  }

  /** How many worker processes there are. */
  get size(): number {
    return this.#workers.size;
  }

  get workers(): Iterable<WorkerProcess> {
    return this.#workers;
  }

  /**
   * Starts a run of a workflow file. Resolves with its id as soon as it is recorded.
   * @throws what loading the file, and checking the input, throws; RUN_ALREADY_EXISTS, IDEMPOTENCY_KEY_REUSED,
   *   SERVER_CLOSING
   */
  async start({ request, ...start }: PoolStart): Promise<string> {
    const runId = request.runId ?? newRunId();
    let tries = 0;
    const call = this.run(start.path, (worker) => {
      tries += 1;
      // When the first turn has ended a worker, the run is recorded before it takes that turn again.
      const recordsFirst = tries > 1;
      const given = { ...start, request: withInputJson({ ...request, runId, recordsFirst }) };
      return isLongText(given.request.inputJson)
        ? worker.channel.call("start", given)
        : worker.channel.callAsJson("start", given);
    });
    return this.#started.wait(runId, call);
  }

  /** A run is recorded, or was by an earlier request with the same key. */
  started(wantedRunId: string, runId: string): void {
    this.#started.note(wantedRunId, runId);
  }

  /** Whether a run's code may be what keeps its worker from answering. */
  blocking(runId: string): BlockingRun | undefined {
    for (const { silence } of this.#workers) {
      const place = silence?.places.find((one) => "runId" in one && one.runId === runId);
      if (silence && place && "runId" in place) {
        const { nodeId, iteration } = place;
        return { sinceMs: silence.sinceMs, isCertain: silence.places.length === 1, nodeId, iteration };
      }
    }
    return undefined;
  }

  /** Loads a workflow file. @throws what loading it throws */
  load(path: string): Promise<LoadedFile> {
    return this.run(path, (worker) => worker.channel.call("load", path));
  }

  /**
   * Gives a job to the worker of a workflow file. A job whose worker ends because of something else, or does not answer,
   * is given to another.
   * @param alone what gets a worker to itself, such as a run
   */
  async run<T>(path: string, job: (worker: WorkerProcess) => Promise<T>, alone?: string): Promise<T> {
    const key = this.#files.keyOf(path);
    for (let tries = 1; ; tries++) {
      if (this.#isClosing) throw shuttingDown();
      // It may be this job that keeps its worker from answering, or has ended it.
      const worker = this.#workerFor(key, alone ?? (tries > 1 ? `try ${++this.#lastTry}` : undefined));
      worker.jobs += 1;
      try {
        await worker.ready;
        const result = await whileItAnswers(worker, job(worker), tries < maxTries);
        worker.hasWorked = true;
        if (result) return result.value;
      } catch (error) {
        const isLost = isSmithersError(error) && error.code === "WORKER_LOST" && error === worker.lossReason;
        const isFaulty = !isSmithersError(error) && this.#retire(worker, error);
        if (!(isLost || isFaulty) || tries === maxTries) throw error;
      } finally {
        worker.jobs -= 1;
        worker.used();
      }
    }
  }

  /**
   * Gives a worker no more work after an unexpected error: code of a workflow may have changed the globals of its
   * process, such as `JSON.parse`, for every file.
   * @returns whether the job may succeed in another worker: whether this one had done something else before
   */
  #retire(worker: WorkerProcess, error: unknown): boolean {
    if (!worker.isLeaving) {
      const message = "A worker failed unexpectedly. It gets no more work, and ends when its runs have ended.";
      this.#settings.log.warn({ workerPid: worker.pid, runs: worker.runs, err: error }, message);
      worker.isLeaving = true;
    }
    return worker.hasWorked;
  }

  /** Tells every worker which files its tools must not touch, before anything else is done with those files. */
  updatePrivatePaths(): void {
    const paths = this.#settings.privatePaths();
    for (const worker of this.#workers) worker.board.setPrivatePaths(paths);
  }

  /** Ends all workers. Their runs must have been released. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#watchdog.stop();
    clearInterval(this.#tidying);
    this.#spare.stop();
    await Promise.all([...this.#workers].map((worker) => this.#end(worker)));
    await Promise.all(this.#endings);
  }

  #workerFor(file: string, alone: string | undefined): WorkerProcess {
    const key = alone === undefined ? file : aloneKey(file, alone);
    const wanted = { key, isAlone: alone !== undefined };
    const worker = chooseWorker(this.#workers, wanted, this.#settings.maxWorkers) ?? this.#add();
    // What an idle worker has served before may be given to another.
    if (worker.isIdle && !worker.keys.has(key)) worker.keys.clear();
    worker.keys.add(key);
    this.#spare.keep();
    return worker;
  }

  #add(): WorkerProcess {
    const { secrets, privatePaths, observer } = this.#settings;
    const { env, hidden } = workerEnvironment(secrets);
    const { rootDir, allowNetwork, files, workflows, heartbeatMs, staleMs, maxCrashes, isBounded } = this.#settings;
    const settings = {
      rootDir,
      allowNetwork,
      files,
      workflows,
      heartbeatMs,
      staleMs,
      maxCrashes,
      isBounded,
      hiddenEnv: hidden,
    };
    const worker = new WorkerProcess(settings, env, (one) => serverAnswers(one, this.#answerParts));
    worker.board.setPrivatePaths(privatePaths());
    this.#workers.add(worker);
    observer?.workerStarted();
    const ending = worker.ended.then((end) => this.#ended(worker, end));
    this.#endings.add(ending);
    void ending.finally(() => this.#endings.delete(ending));
    return worker;
  }

  async #ended(worker: WorkerProcess, childEnd: ChildEnd): Promise<void> {
    this.#workers.delete(worker);
    const { killed, isClosed } = worker;
    const why = killed?.why ?? worker.broken();
    const end: WorkerEnd = why ?? childEnd;
    const state = killed?.state ?? worker.board.read();
    const verdict = judge(state, end);
    worker.lossReason = lossReason(verdict, end, this.#settings.rootDir);
    const runs = [...this.#stores.values()].flatMap((holder) => holder.runsOf(worker));
    const isExpected = isClosed || worker.isLeaving;
    this.#settings.observer?.workerEnded(
      why ? killReason(why) : worker.isLeaving ? "idle" : isClosed ? "closed" : "lost",
    );
    if (!isExpected || runs.length > 0) {
      const { facts, message } = lossLine(verdict, end, runs.length);
      this.#settings.log.error({ workerPid: worker.pid, ...facts }, message);
    }
    worker.fail(worker.lossReason);
    // Its commands have ended with it.
    await Promise.all([...worker.commands.values()].map((end) => end()));
    await Promise.all([...this.#stores.values()].map((holder) => holder.lost(worker, verdict)));
    this.#spare.keep();
  }

  /**
   * Ends workers that have had nothing to do for a while, but for the last one, those that get no more work, and those
   * in which finished code has left something behind.
   */
  #tidy(): void {
    for (const worker of this.#workers) {
      const isKept = worker.keys.size === 0 || this.#workers.size === 1;
      const isUnused = !isKept && worker.idleMs >= idleLimitMs;
      const isDue = worker.isLeaving
        ? worker.isIdle
        : isUnused || worker.hasLeftovers(tidyMs, idleMemoryMb(this.#settings));
      if (!isDue || worker.isEnding) continue;
      worker.isEnding = true;
      worker.isLeaving = true;
      void this.#end(worker);
    }
  }

  async #end(worker: WorkerProcess): Promise<void> {
    // The flag must not hide that a worker with runs has ended.
    await waitAtMost(
      endMs,
      worker.channel.call("end").catch(() => {}),
    );
    worker.kill();
    await waitAtMost(endMs, worker.ended);
  }
}

/** The result of work, or undefined when the worker is busy with something else, so that another may do the work. */
async function whileItAnswers<T>(worker: WorkerProcess, work: Promise<T>, isImpatient: boolean) {
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly value: T } | undefined>();
  work.then((value) => resolve({ value }), reject);
  if (!isImpatient) return promise;
  const stop = worker.onBusy(() => resolve(undefined));
  try {
    return await promise;
  } finally {
    stop();
  }
}

/** The most memory that a worker without work keeps, in MB: its runtime gives little back by itself. */
function idleMemoryMb({ workerMemoryMb }: PoolSettings): number {
  return Math.min(384, Math.max(192, workerMemoryMb / 2));
}

function killReason(why: Kill): "blocked" | "memory" | "broken" {
  if ("blockedMs" in why) return "blocked";
  return "usedMb" in why ? "memory" : "broken";
}
