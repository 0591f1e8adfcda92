import { SmithersError } from "../../errors/index.ts";
import type { PlannedTask } from "../../plan/index.ts";
import { afterMs, stopwatch } from "../../timing/index.ts";

/** The time limits of an attempt. They count only while the task's own code runs, and not while its value is validated. */
export class TimeLimits {
  readonly #nodeId: string;
  readonly timeoutMs: number | undefined;
  readonly #heartbeatTimeoutMs: number | undefined;
  readonly #expire: (reason: SmithersError) => void;
  /** How long the code ran before it was last paused. */
  #ranMs = 0;
  /** Measures since when the code runs; undefined while it does not. */
  #running: (() => number) | undefined;
  #isOver = false;
  #stopTimeout = nothing;
  #stopSilence = nothing;

  /** @param expire called with TASK_TIMEOUT or TASK_HEARTBEAT_TIMEOUT when a limit has passed */
  constructor({ nodeId, spec }: PlannedTask, expire: (reason: SmithersError) => void) {
    this.#nodeId = nodeId;
    const { timeoutMs, heartbeatTimeoutMs } = "heartbeatTimeoutMs" in spec ? spec : {};
    this.timeoutMs = timeoutMs;
    this.#heartbeatTimeoutMs = heartbeatTimeoutMs;
    this.#expire = expire;
    this.#run();
  }

  /** Takes in a sign of life of the code. */
  heartbeat(): void {
    if (!this.#running) return;
    this.#stopSilence();
    const ms = this.#heartbeatTimeoutMs;
    this.#stopSilence = timer(ms, () =>
      this.#expire(new SmithersError("TASK_HEARTBEAT_TIMEOUT", `"${this.#nodeId}" sent no heartbeat for ${ms} ms.`)),
    );
  }

  /** Runs what is not the task's own code, such as its schema. */
  async without<T>(work: () => Promise<T>): Promise<T> {
    this.#pause();
    try {
      return await work();
    } finally {
      if (!this.#isOver) this.#run();
    }
  }

  /** Ends the limits for good. */
  stop(): void {
    this.#isOver = true;
    this.#pause();
  }

  #pause(): void {
    this.#ranMs += this.#running?.() ?? 0;
    this.#running = undefined;
    this.#stopTimeout();
    this.#stopSilence();
  }

  #run(): void {
    const ms = this.timeoutMs;
    if (ms === undefined && this.#heartbeatTimeoutMs === undefined) return;
    this.#running = stopwatch();
    this.#stopTimeout = timer(ms === undefined ? undefined : Math.max(ms - this.#ranMs, 0), () =>
      this.#expire(new SmithersError("TASK_TIMEOUT", `"${this.#nodeId}" ran longer than ${ms} ms.`)),
    );
    this.heartbeat();
  }
}

function timer(delayMs: number | undefined, fire: () => void): () => void {
  return delayMs === undefined ? nothing : afterMs(delayMs, fire);
}

function nothing(): void {}
