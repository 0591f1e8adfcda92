import { relative, resolve, sep } from "node:path";
import type { Logger, RunRequest } from "../engine/index.ts";
import { isSmithersError, SmithersError, shuttingDown } from "../errors/index.ts";
import type { BlockingRun } from "../model/index.ts";
import { newRunId } from "../model/run-id.ts";
import type { ChildEnd } from "../runtime/index.ts";
import { waitAtMost } from "../timing/index.ts";
import { ownCommands } from "../tools/guard/index.ts";
import { withInputJson } from "./as-json.ts";
import { endText, judge, type Verdict, type WorkerEnd, workPlaceText } from "./blame.ts";
import type { BoardState } from "./board.ts";
import type { LoadedFile, ServerCalls, WorkerSettings } from "./protocol.ts";
import type { RemoteHolder } from "./remote-holder.ts";
import type { StoreIdentity } from "./remote-store.ts";
import { Watchdog } from "./watchdog.ts";
import { reviveError } from "./wire-error.ts";
import { WorkerProcess } from "./worker-process.ts";

export interface PoolSettings extends Omit<WorkerSettings, "hiddenEnv"> {
  readonly maxWorkers: number;
  readonly workerTimeoutMs: number;
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
  workerEnded(reason: "idle" | "blocked" | "lost" | "closed"): void;
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
/**
 * The next spare is started when the worker that was the spare before has had the processor for itself for a while: a
 * start costs as much processor time as many short runs, and is wasted where no other file is used soon.
 */
const spareDelayMs = 2_000;
/** How often a job is given to a worker that ends because of another job. */
const maxTries = 3;
const endMs = 2_000;

/** The worker processes of a server: at most one per workflow file, until there are as many as there may be. */
export class WorkerPool {
  readonly #settings: PoolSettings;
  readonly #workers = new Set<WorkerProcess>();
  readonly #stores = new Map<string, RemoteHolder>();
  /** By the wanted run id, what learns that a run is recorded. */
  readonly #starts = new Map<string, Set<(runId: string) => void>>();
  readonly #watchdog: Watchdog;
  readonly #tidying: ReturnType<typeof setInterval>;
  readonly #endings = new Set<Promise<void>>();
  #lastCommand = 0;
  #lastTry = 0;
  #isClosing = false;
  #hasBegun = false;
  #spareTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
    this.#watchdog = new Watchdog({
      ...settings,
      workers: () => this.#workers,
      blocked: (worker, silentMs, state) => this.#endBlocked(worker, silentMs, state),
    });
    this.#tidying = setInterval(() => this.#tidy(), tidyMs);
    this.#tidying.unref();
  }

  /** Makes a store's runs known. */
  add(holder: RemoteHolder): void {
    this.#stores.set(holder.identity.id, holder);
  }

  /** Starts the first worker. */
  begin(): void {
    this.#hasBegun = true;
    this.#keepSpare(0);
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
    const { promise: started, resolve } = Promise.withResolvers<string>();
    const waiting = this.#starts.get(runId) ?? new Set();
    this.#starts.set(runId, waiting.add(resolve));
    let tries = 0;
    const call = this.run(start.path, (worker) => {
      tries += 1;
      // When the first turn has ended a worker, the run is recorded before it takes that turn again.
      const recordsFirst = tries > 1;
      return worker.channel.call("start", { ...start, request: withInputJson({ ...request, runId, recordsFirst }) });
    });
    call.catch(() => {});
    try {
      return await Promise.race([started, call]);
    } finally {
      waiting.delete(resolve);
      if (waiting.size === 0) this.#starts.delete(runId);
    }
  }

  /** A run is recorded, or was by an earlier request with the same key. */
  started(wantedRunId: string, runId: string): void {
    const waiting = this.#starts.get(wantedRunId);
    // With several requests for one id, the worker says which one has started the run.
    if (waiting?.size === 1) for (const resolve of waiting) resolve(runId);
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
    const key = this.#keyOf(path);
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
    clearTimeout(this.#spareTimer);
    await Promise.all([...this.#workers].map((worker) => this.#end(worker, "closing")));
    await Promise.all(this.#endings);
  }

  /** Files are told apart by their paths below the root. */
  #keyOf(path: string): string {
    const { rootDir } = this.#settings;
    return relative(rootDir, resolve(rootDir, path)).split(sep).join("/");
  }

  #workerFor(file: string, alone: string | undefined): WorkerProcess {
    const key = alone === undefined ? file : `${file}#${alone}`;
    const worker = this.#choose(key, alone !== undefined);
    worker.keys.add(key);
    this.#keepSpare(spareDelayMs);
    return worker;
  }

  #choose(key: string, isAlone: boolean): WorkerProcess {
    const all = [...this.#workers].filter((worker) => !worker.isLeaving && !worker.hasEnded);
    const able = all.filter(({ isBusy }) => !isBusy);
    const known = able.find(({ keys }) => keys.has(key));
    if (known) return known;
    const spare = able.find(({ keys }) => keys.size === 0);
    if (spare) return spare;
    const { maxWorkers } = this.#settings;
    if (all.length < maxWorkers) return this.#add();
    const idle = able.find((worker) => worker.isIdle);
    if (idle) {
      idle.keys.clear();
      return idle;
    }
    const shared = able.filter(({ keys }) => ![...keys].some(isRunKey)).sort((a, b) => a.runs - b.runs);
    // Workers that do not answer, and those of suspects, take no place from the others.
    if ((isAlone || shared.length === 0) && all.length < 2 * maxWorkers) return this.#add();
    return shared[0] ?? able[0] ?? all[0] ?? this.#add();
  }

  #keepSpare(delayMs: number): void {
    if (!this.#hasBegun) return;
    const isMissing = () =>
      !this.#isClosing &&
      this.#workers.size < this.#settings.maxWorkers &&
      ![...this.#workers].some(({ keys, isLeaving }) => keys.size === 0 && !isLeaving);
    if (!isMissing()) return;
    this.#spareTimer ??= setTimeout(() => {
      this.#spareTimer = undefined;
      if (!isMissing()) return;
      try {
        this.#add();
      } catch (error) {
        this.#settings.log.warn({ err: error }, "No worker process can be started now.");
      }
    }, delayMs);
    this.#spareTimer.unref();
  }

  #add(): WorkerProcess {
    const { secrets, privatePaths, observer } = this.#settings;
    const { env, hidden } = environment(secrets);
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
    const worker = new WorkerProcess(settings, env, (one) => this.#answersTo(one));
    worker.board.setPrivatePaths(privatePaths());
    this.#workers.add(worker);
    observer?.workerStarted();
    const ending = worker.ended.then((end) => this.#ended(worker, end));
    this.#endings.add(ending);
    void ending.finally(() => this.#endings.delete(ending));
    return worker;
  }

  #answersTo(worker: WorkerProcess): ServerCalls {
    return {
      store: (storeId, part, name, args, texts) => {
        const holder = this.#stores.get(storeId);
        if (!holder) throw new SmithersError("DB_UNAVAILABLE", "The server has closed the database.");
        return holder.answer(worker, part, name, args, texts);
      },
      beginCommand: async (noted) => {
        const number = ++this.#lastCommand;
        worker.commands.set(number, await ownCommands.begin(new Map(noted)));
        return number;
      },
      endCommand: async (number) => {
        const undone = await worker.commands.get(number)?.();
        worker.commands.delete(number);
        return undone ?? [];
      },
      undoRunning: () => ownCommands.undoRunning(),
      hasPlanted: (paths) => ownCommands.hasPlanted(paths),
      openDatabase: (dbPath) => this.#settings.openDatabase(dbPath),
      takeRoom: (bytes) => worker.transit.take(bytes),
      giveRoom: (number) => worker.transit.give(number),
      askPlaces: async (storeId, runId, leaseNo, running, wanted) =>
        this.#stores.get(storeId)?.askPlaces(worker, runId, leaseNo, running, wanted) ?? 0,
      releasePlaces: (storeId, runId, leaseNo) => this.#stores.get(storeId)?.releasePlaces(worker, runId, leaseNo),
      gaveUp: (storeId, runId) => this.#stores.get(storeId)?.gaveUp(worker, runId),
      log: (level, facts, message) => this.#settings.log[level](revived(facts), message),
      pong: () => this.#watchdog.answered(worker),
    };
  }

  #endBlocked(worker: WorkerProcess, silentMs: number, state: BoardState): void {
    if (worker.killedFor) return;
    worker.blocked = { silentMs, state };
    worker.kill("blocked");
  }

  async #ended(worker: WorkerProcess, childEnd: ChildEnd): Promise<void> {
    this.#workers.delete(worker);
    const { blocked, killedFor } = worker;
    const end: WorkerEnd = blocked ? { blockedMs: blocked.silentMs } : childEnd;
    const state = blocked?.state ?? worker.board.read();
    const verdict = judge(state, end);
    worker.lossReason = lossReason(verdict, end, this.#settings.rootDir);
    const runs = [...this.#stores.values()].flatMap((holder) => holder.runsOf(worker));
    const isExpected = killedFor === "closing" || worker.isLeaving;
    this.#settings.observer?.workerEnded(
      blocked ? "blocked" : worker.isLeaving ? "idle" : killedFor ? "closed" : "lost",
    );
    if (!isExpected || runs.length > 0) this.#tell(worker, verdict, end, runs.length);
    worker.fail(worker.lossReason);
    // Its commands have ended with it.
    await Promise.all([...worker.commands.values()].map((end) => end()));
    await Promise.all([...this.#stores.values()].map((holder) => holder.lost(worker, verdict)));
    this.#keepSpare(spareDelayMs);
  }

  #tell(worker: WorkerProcess, { charged, suspects, file }: Verdict, end: WorkerEnd, runs: number): void {
    const guilty = [...charged].map(([runId, [nodeId]]) => workPlaceText({ runId, nodeId }));
    if (file !== undefined) guilty.push(workPlaceText({ file }));
    const facts = {
      workerPid: worker.pid,
      runs,
      ...(charged.size > 0 && { charged: [...charged].map(([runId, nodeIds]) => ({ runId, nodeIds })) }),
      ...(suspects.size > 0 && { suspects: [...suspects] }),
      ...("error" in end && end.error && { err: end.error }),
    };
    const where = guilty.length > 0 ? ` ${guilty.join(", ")}` : "";
    this.#settings.log.error(
      facts,
      `${endText(end)}${where}.${runs > 0 ? " Its runs continue in another worker." : ""}`,
    );
  }

  /** Ends workers that have had nothing to do for a while, but for the last one, and those that get no more work. */
  #tidy(): void {
    for (const worker of this.#workers) {
      const isKept = worker.keys.size === 0 || this.#workers.size === 1;
      const isDue = worker.isLeaving ? worker.isIdle : !isKept && worker.idleMs >= idleLimitMs;
      if (!isDue || worker.isEnding) continue;
      worker.isEnding = true;
      worker.isLeaving = true;
      void this.#end(worker, "closing");
    }
  }

  async #end(worker: WorkerProcess, reason: "closing"): Promise<void> {
    // The flag must not hide that a worker with runs has ended.
    await waitAtMost(
      endMs,
      worker.channel.call("end").catch(() => {}),
    );
    worker.kill(reason);
    await waitAtMost(endMs, worker.ended);
  }
}

/** The result of work, or undefined when the worker is busy with something else, so that another may do the work. */
async function whileItAnswers<T>(worker: WorkerProcess, work: Promise<T>, isImpatient: boolean) {
  const done = work.then((value) => ({ value }));
  if (!isImpatient) return done;
  const { promise: isBusy, resolve } = Promise.withResolvers<undefined>();
  const stop = worker.onBusy(() => resolve(undefined));
  try {
    return await Promise.race([done, isBusy]);
  } finally {
    stop();
    done.catch(() => {});
  }
}

const isRunKey = (key: string) => key.includes("#");

/** What is told to those whose calls a worker has not answered. */
function lossReason({ file }: Verdict, end: WorkerEnd, rootDir: string): SmithersError {
  if (file === undefined) return new SmithersError("WORKER_LOST", `${endText(end)} before it had answered.`);
  const path = relative(rootDir, resolve(rootDir, file));
  const message = `${endText(end)} in the file's top-level code`;
  return new SmithersError("WORKFLOW_INVALID", `${path}: ${message}.`, { details: { file: path, message } });
}

/** The environment of a worker: that of this process, without what only the server may know. */
function environment(secrets: readonly string[]): { env: Record<string, string | undefined>; hidden: string[] } {
  const isSecret = (value: string | undefined) => value !== undefined && secrets.includes(value);
  const hidden = Object.keys(process.env).filter((name) => name === "SMITHERS_API_KEY" || isSecret(process.env[name]));
  if (!hidden.includes("SMITHERS_API_KEY")) hidden.push("SMITHERS_API_KEY");
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !hidden.includes(name)));
  return { env, hidden };
}

/** The facts of a log line as a worker has sent them. */
function revived(facts: object): object {
  return "err" in facts ? { ...facts, err: reviveError(facts.err) } : facts;
}
