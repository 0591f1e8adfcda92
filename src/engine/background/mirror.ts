import type { Store } from "../../store/index.ts";
import { sleep, yieldToEventLoop } from "../../timing/index.ts";
import type { Feed } from "../feed.ts";
import type { Logger } from "../logger.ts";

const failurePauseMs = 1_000;
/** How many runs are compared before other work gets a turn. */
const comparedAtOnce = 200;

/**
 * Copies the runs of one store to another, in the background and in order. After an interruption of either side, it
 * continues where the copy ends.
 */
export class Mirror {
  readonly #source: Store;
  readonly #target: Store;
  readonly #log: Logger;
  readonly #lookMs: number;
  readonly #behind = new Set<string>();
  readonly #unfollow: () => void;
  readonly #look: ReturnType<typeof setInterval>;
  #copying: Promise<void> | undefined;
  /** Runs that ended before this time need no comparison. */
  #comparedAtMs: number | undefined;
  readonly #unwatch: () => void;
  /** Whether another connection has written to the source since the copies were compared. */
  #isChanged = true;
  #stopped = false;

  /** @param lookMs how often to look for runs that another process has advanced, in ms */
  constructor(source: Store, target: Store, feed: Feed, log: Logger, lookMs: number) {
    this.#source = source;
    this.#target = target;
    this.#log = log;
    this.#lookMs = lookMs;
    this.#unfollow = feed.subscribe((events) => {
      this.#behind.add(events[0]!.runId);
      this.#copy();
    });
    this.#unwatch = source.watch(() => {
      this.#isChanged = true;
    });
    this.#look = setInterval(() => void this.#compare(), lookMs);
    this.#look.unref();
    void this.#compare();
  }

  /** How many runs are ahead of their copy. */
  get runsBehind(): number {
    return this.#behind.size;
  }

  /** Copies what is left, without retries, and stops. */
  async stop(): Promise<void> {
    this.#unfollow();
    this.#unwatch();
    clearInterval(this.#look);
    this.#stopped = true;
    await this.#copying;
  }

  /** Finds the runs that are ahead of their copy: among all at first, later among those that may have advanced. */
  async #compare(): Promise<void> {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    try {
      const nowMs = Date.now();
      let compared = 0;
      for (const { runId, lastSeq } of await this.#source.mirroredRuns.toCompare(this.#comparedAtMs)) {
        const copiedSeq = await this.#target.mirroredRuns.mirroredSeq(this.#source.id, runId);
        if (copiedSeq !== undefined && copiedSeq < lastSeq) this.#behind.add(runId);
        compared += 1;
        if (compared % comparedAtOnce === 0) await yieldToEventLoop();
        if (this.#stopped) return;
      }
      // Twice the pause: the clocks of processes that share a file may differ a little.
      this.#comparedAtMs = nowMs - 2 * this.#lookMs;
      this.#copy();
    } catch (error) {
      this.#isChanged = true;
      this.#log.warn(
        { err: error },
        "The mirrored runs of a workflow's own database could not be compared. They will be tried again.",
      );
    }
  }

  #copy(): void {
    this.#copying ??= this.#copyAll().finally(() => {
      this.#copying = undefined;
    });
  }

  async #copyAll(): Promise<void> {
    for (const runId of this.#behind) {
      // Removed before the run is read: a commit in the meantime adds it again, and the loop finds it.
      this.#behind.delete(runId);
      try {
        while (await this.#copyPage(runId));
      } catch (error) {
        this.#behind.add(runId);
        this.#log.warn(
          { runId, err: error },
          "A run could not be copied to the server's database. It will be tried again.",
        );
        if (this.#stopped) return;
        await sleep(failurePauseMs);
      }
    }
  }

  /** Copies the next page of a run; returns whether there may be more. */
  async #copyPage(runId: string): Promise<boolean> {
    const afterSeq = await this.#target.mirroredRuns.mirroredSeq(this.#source.id, runId);
    if (afterSeq === undefined) return false;
    const page = await this.#source.mirroredRuns.readMirrorPage(runId, afterSeq);
    if (!page) return false;
    await this.#target.mirroredRuns.applyMirrorPage(this.#source.id, page);
    return true;
  }
}
