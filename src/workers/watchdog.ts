import type { Logger } from "../engine/index.ts";
import { type Kill, workPlaceText } from "./blame.ts";
import type { BoardState, WorkPlace } from "./board.ts";
import { residentBytes } from "./process-use.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface WatchdogSettings {
  /** How long a worker may answer nothing before it is killed, in ms. */
  readonly workerTimeoutMs: number;
  /** How much memory a worker may have, in MB. */
  readonly workerMemoryMb: number;
  readonly log: Logger;
  workers(): Iterable<WorkerProcess>;
  /** Called with a worker that must be killed. */
  kill(worker: WorkerProcess, why: Kill): void;
}

/** A worker that is silent for this long is named in the log. */
const namedAfterMs = 5_000;
const longestPauseMs = 500;
const megabyte = 1_048_576;
/** How long a worker may take to start, in ms: also on a machine that has much else to do. */
const startLimitMs = 30_000;

interface Asked {
  readonly sinceMs: number;
  /** When it has started, its time counts again from zero. */
  readonly wasReady: boolean;
  isNamed: boolean;
  /** When it was last seen in a task that may take longer than a worker may be silent. */
  patientAtMs?: number;
}

/**
 * Asks the workers again and again whether they answer, names those that do not, and has them killed in the end, as well
 * as those that have too much memory or whose built-ins are broken.
 */
export class Watchdog {
  readonly #settings: WatchdogSettings;
  readonly #asked = new Map<WorkerProcess, Asked>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #pauseMs: number;
  #lookedAtMs = performance.now();
  #number = 0;

  constructor(settings: WatchdogSettings) {
    this.#settings = settings;
    this.#pauseMs = Math.min(longestPauseMs, Math.max(10, settings.workerTimeoutMs / 10));
    this.#timer = setInterval(() => this.#look(), this.#pauseMs);
    this.#timer.unref();
  }

  /** Notes that a worker has answered. */
  answered(worker: WorkerProcess): void {
    const asked = this.#asked.get(worker);
    if (asked?.isNamed) {
      this.#settings.log.info({ workerPid: worker.pid, silentMs: since(asked) }, "the worker answers again");
    }
    worker.silentMs = 0;
    worker.silence = undefined;
    this.#asked.delete(worker);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = performance.now();
    const wasPaused = nowMs - this.#lookedAtMs > this.#pauseMs + longestPauseMs;
    this.#lookedAtMs = nowMs;
    // Where this process itself could not run, no answer could come: the workers get their time again.
    if (wasPaused) this.#asked.clear();
    for (const worker of this.#settings.workers()) {
      this.#ask(worker, nowMs);
      this.#weigh(worker);
    }
    for (const worker of this.#asked.keys()) if (worker.hasEnded) this.#asked.delete(worker);
  }

  #ask(worker: WorkerProcess, nowMs: number): void {
    const asked = this.#asked.get(worker);
    if (!asked || asked.wasReady !== worker.isReady) {
      this.#asked.set(worker, { sinceMs: nowMs, isNamed: false, wasReady: worker.isReady });
      worker.channel.tell("ping", ++this.#number);
      return worker.channel.flush();
    }
    const silentMs = nowMs - asked.sinceMs;
    if (worker.isReady) worker.silentMs = silentMs;
    const { log, kill } = this.#settings;
    const workerTimeoutMs = worker.isReady ? this.#settings.workerTimeoutMs : startLimitMs;
    if (silentMs < Math.min(namedAfterMs, workerTimeoutMs / 2)) return;
    const state = worker.board.read();
    if (!asked.isNamed) {
      asked.isNamed = true;
      const places = possiblePlaces(state);
      worker.silence = { sinceMs: Date.now() - Math.round(silentMs), places };
      const where = places.length === 0 ? "" : ` It is ${places.map(workPlaceText).join(", or ")}.`;
      log.warn(
        { workerPid: worker.pid, silentMs: Math.round(silentMs), at: places },
        `A worker does not answer.${where}`,
      );
    }
    const ownMs = ownPatienceMs(state);
    const isPatient = ownMs > workerTimeoutMs;
    if (isPatient) asked.patientAtMs = nowMs;
    // Where such a task has just ended, the worker gets its time again: it has had no chance to answer.
    const countedMs = isPatient ? silentMs : nowMs - (asked.patientAtMs ?? asked.sinceMs);
    if (countedMs >= Math.max(ownMs, workerTimeoutMs)) kill(worker, { blockedMs: silentMs });
  }

  #weigh(worker: WorkerProcess): void {
    const { workerMemoryMb: limitMb, kill } = this.#settings;
    const broken = worker.broken();
    if (broken) return kill(worker, broken);
    const bytes = worker.pid === undefined ? undefined : residentBytes(worker.pid);
    if (bytes === undefined || bytes <= limitMb * megabyte) return;
    kill(worker, { usedMb: Math.round(bytes / megabyte), limitMb });
  }
}

/** A task may compute as long as its own `timeoutMs` says; 0 where no task may be at work. */
function ownPatienceMs(state: BoardState): number {
  const own = possiblePlaces(state).map((place) => ("file" in place ? 0 : (place.timeoutMs ?? 0)));
  return Math.max(0, ...own.filter(Number.isFinite));
}

/** What a silent worker may be in. */
function possiblePlaces({ now, open }: BoardState): readonly WorkPlace[] {
  return now === undefined ? open : [now];
}

const since = ({ sinceMs }: Asked) => Math.round(performance.now() - sinceMs);
