import { builtInName } from "../engine/index.ts";
import type { SmithersError } from "../errors/index.ts";
import { moduleFile } from "../package/index.ts";
import { type ChildChannel, type ChildEnd, runtime } from "../runtime/index.ts";
import { stopwatch } from "../timing/index.ts";
import type { EndWatch } from "../tools/guard/index.ts";
import type { Kill } from "./blame.ts";
import { Board, type BoardState, type WorkPlace } from "./board.ts";
import { Channel } from "./channel.ts";
import { processorMs, residentBytes } from "./process-use.ts";
import type { ServerCalls, WorkerCalls, WorkerSettings } from "./protocol.ts";
import { Transit } from "./transit.ts";

/** The program of a worker. */
const program = moduleFile("workers/entry");

const megabyte = 1_048_576;
/** A worker that has been silent for this long gets no further work. */
const busyMs = 1_000;

/** A child process that executes runs. */
export class WorkerProcess {
  readonly board: Board;
  readonly channel: Channel<ServerCalls, WorkerCalls>;
  /** Resolves when it can take work. Never rejects. */
  readonly ready: Promise<void>;
  /** Never rejects. */
  readonly ended: Promise<ChildEnd>;
  /** The workflow files that it serves; a run instead of a file has the worker to itself. */
  readonly keys = new Set<string>();
  /** Large values on their way to and from it. */
  readonly transit = new Transit();
  /** By number, what ends the watch of a command that it runs. */
  readonly commands = new Map<number, EndWatch>();
  /** How many runs it executes. */
  runs = 0;
  /** How many jobs have been given to it and are not done. */
  jobs = 0;
  /** Whether it has started and can answer. */
  isReady = false;
  hasEnded = false;
  /** Whether it has done a job. */
  hasWorked = false;
  /** Whether it gets no more work, and is ended when it has none. */
  isLeaving = false;
  /** Whether it has been told to end. */
  isEnding = false;
  readonly #silenceListeners = new Set<() => void>();
  #silentMs = 0;
  /** Since when it has not answered, and what it may be in; undefined while it answers. Kept by the watchdog. */
  silence: { readonly sinceMs: number; readonly places: readonly WorkPlace[] } | undefined;
  /** Whether it was killed because it was no longer needed. */
  isClosed = false;
  /** Why this process has killed it for what it did, and what it was in then. */
  killed: { readonly why: Kill; readonly state: BoardState } | undefined;
  /** What its calls are rejected with when it ends. */
  lossReason: SmithersError | undefined;
  readonly #child: ChildChannel;
  #idleMs = stopwatch();
  /** The processor time that it had used when it was last looked at while it had nothing to do, in ms. */
  #idleProcessorMs: number | undefined;

  constructor(
    settings: WorkerSettings,
    env: Readonly<Record<string, string | undefined>>,
    answers: (worker: WorkerProcess) => ServerCalls,
  ) {
    this.board = Board.create();
    this.#child = runtime.spawn([program, "smithers", "worker"], { env, detached: true, sharedFd: this.board.fd });
    const child = this.#child;
    const port = {
      send: (packet: unknown) => void child.send(packet),
      onMessage: (listener: (packet: unknown) => void) => child.onMessage(listener),
    };
    this.channel = new Channel<ServerCalls, WorkerCalls>(port, answers(this));
    this.ready = this.channel.call("begin", settings).then(
      () => void (this.isReady = true),
      () => {},
    );
    this.ended = child.ended.then((end) => {
      this.hasEnded = true;
      return end;
    });
  }

  /** The built-in of JavaScript that no longer works in it, if it has found one. */
  broken(): { readonly broken: string } | undefined {
    const name = builtInName(this.board.broken());
    return name === undefined ? undefined : { broken: name };
  }

  /** For how long it has not answered, in ms: 0 while it answers. Kept by the watchdog. */
  get silentMs(): number {
    return this.#silentMs;
  }

  set silentMs(ms: number) {
    this.#silentMs = ms;
    if (this.isBusy) for (const listener of this.#silenceListeners) listener();
  }

  /** Whether it has not answered for so long that it should get no more work now. */
  get isBusy(): boolean {
    return this.#silentMs >= busyMs;
  }

  /** Calls `listener` while it is busy, until the returned function is called. */
  onBusy(listener: () => void): () => void {
    this.#silenceListeners.add(listener);
    return () => void this.#silenceListeners.delete(listener);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it executes nothing. */
  get isIdle(): boolean {
    return this.runs === 0 && this.jobs === 0;
  }

  /** For how long it has had nothing to do, in ms. */
  get idleMs(): number {
    return this.isIdle ? this.#idleMs() : 0;
  }

  /** Notes that it had something to do until now. */
  used(): void {
    this.#idleMs = stopwatch();
    this.#idleProcessorMs = undefined;
  }

  /**
   * Whether what its code has left behind, such as threads or a cache, uses the processor or much memory although it has
   * nothing to do. To be asked again and again.
   * @param sinceMs the time since it was asked last
   * @param maxMb the most memory that it may keep
   */
  hasLeftovers(sinceMs: number, maxMb: number): boolean {
    if (this.pid === undefined || this.idleMs < sinceMs) return false;
    const usedMs = processorMs(this.pid);
    const beforeMs = this.#idleProcessorMs;
    this.#idleProcessorMs = usedMs;
    const isComputing = usedMs !== undefined && beforeMs !== undefined && usedMs - beforeMs > sinceMs / 2;
    return isComputing || (residentBytes(this.pid) ?? 0) > maxMb * megabyte;
  }

  /**
   * Kills it with everything that it has started.
   * @param why what it did; absent when it is no longer needed
   */
  kill(why?: Kill): void {
    if (!this.isClosed && !this.killed) {
      if (why) this.killed = { why, state: this.board.read() };
      else this.isClosed = true;
    }
    this.#child.killGroup();
  }

  /** Rejects what was asked of it, once it has ended. */
  fail(reason: SmithersError): void {
    this.channel.close(reason);
    this.board.close();
  }
}
