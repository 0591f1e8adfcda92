import type { Store } from "../store/index.ts";
import type { Feed } from "./feed.ts";
import type { Logger } from "./logger.ts";

const failurePauseMs = 1_000;

/**
 * Copies the runs of one store to another, behind the engine's back: in order, and again from where the copy
 * ends when either side was away.
 */
export class Mirror {
  readonly #source: Store;
  readonly #target: Store;
  readonly #log: Logger;
  readonly #behind = new Set<string>();
  readonly #unfollow: () => void;
  #copying: Promise<void> | undefined;
  #stopped = false;

  constructor(source: Store, target: Store, feed: Feed, log: Logger) {
    this.#source = source;
    this.#target = target;
    this.#log = log;
    this.#unfollow = feed.subscribe((events) => {
      this.#behind.add(events[0]!.runId);
      this.#copy();
    });
    void this.catchUp();
  }

  /** How many runs have something that their copy lacks. */
  get runsBehind(): number {
    return this.#behind.size;
  }

  /** Finds every run whose copy lacks something. */
  async catchUp(): Promise<void> {
    try {
      const [stored, copied] = await Promise.all([
        this.#source.copies.lastSeqs(null),
        this.#target.copies.lastSeqs(this.#source.filename),
      ]);
      for (const [runId, lastSeq] of stored) if ((copied.get(runId) ?? 0) < lastSeq) this.#behind.add(runId);
      this.#copy();
    } catch (error) {
      this.#log.warn({ err: error }, "The copies of a workflow's own database could not be compared.");
    }
  }

  /** Copies what is left, if that succeeds at once, and stops. */
  async stop(): Promise<void> {
    this.#unfollow();
    this.#stopped = true;
    await this.#copying;
  }

  #copy(): void {
    this.#copying ??= this.#copyAll().finally(() => {
      this.#copying = undefined;
    });
  }

  async #copyAll(): Promise<void> {
    for (const runId of this.#behind) {
      // Before it is read: what comes meanwhile puts the run back, and the loop finds it again.
      this.#behind.delete(runId);
      try {
        while (await this.#copyPage(runId));
      } catch (error) {
        this.#behind.add(runId);
        this.#log.warn({ runId, err: error }, "A run could not be copied to the server's database; it is tried again.");
        if (this.#stopped) return;
        await new Promise((resolve) => setTimeout(resolve, failurePauseMs));
      }
    }
  }

  /** Tells whether there may be more. */
  async #copyPage(runId: string): Promise<boolean> {
    const afterSeq = await this.#target.copies.mirroredSeq(this.#source.filename, runId);
    if (afterSeq === undefined) return false;
    const page = await this.#source.copies.readMirrorPage(runId, afterSeq);
    if (!page) return false;
    await this.#target.copies.applyMirrorPage(this.#source.filename, page);
    return true;
  }
}
