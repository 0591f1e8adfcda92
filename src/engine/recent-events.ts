import type { CommittedEvent } from "../model/index.ts";
import { stopwatch } from "../timing/index.ts";

/** How long events count as recent, in ms. What this process was not told of meanwhile is found after that. */
const keptMs = 2_000;
/** The most that is kept of all runs, and of one, in characters of JSON. */
const maxCharacters = 4_000_000;
const maxRunCharacters = 250_000;

/** The last events of one run, without a gap. */
interface Tail {
  readonly events: CommittedEvent[];
  readonly ageMs: () => number;
  readonly characters: number;
}

/**
 * Keeps the events that were committed a moment ago: a reader that comes soon after gets them without the database.
 * A run must be forgotten when another process may have committed something.
 */
export class RecentEvents {
  /** Those that were not added to for the longest time come first. */
  readonly #tails = new Map<string, Tail>();
  #characters = 0;
  #sweep: NodeJS.Timeout | undefined;

  /** Adds events of one run, in order, unless they are known. Those that do not follow what is known replace it. */
  add(events: readonly CommittedEvent[]): void {
    const runId = events[0]!.runId;
    const known = this.#tails.get(runId);
    if (known && known.events.at(-1)!.seq >= events.at(-1)!.seq) return;
    this.forget(runId);
    const isNext = known?.events.at(-1)?.seq === events[0]!.seq - 1 && known.characters < maxRunCharacters;
    const tail = isNext ? known.events : [];
    tail.push(...events);
    const characters = events.reduce((sum, { json }) => sum + json.length, isNext ? known.characters : 0);
    this.#tails.set(runId, { events: tail, ageMs: stopwatch(), characters });
    this.#characters += characters;
    this.#evict();
    this.#sweepLater();
  }

  /** Number of a run's last event; undefined when nothing is known of the run. */
  lastSeq(runId: string): number | undefined {
    return this.#fresh(runId)?.events.at(-1)?.seq;
  }

  /** At most `limit` events after `seq`; undefined when it is not known what follows `seq`. */
  after(runId: string, seq: number, limit: number): readonly CommittedEvent[] | undefined {
    const events = this.#fresh(runId)?.events;
    const index = events === undefined ? -1 : seq + 1 - events[0]!.seq;
    return index < 0 || index >= events!.length ? undefined : events!.slice(index, index + limit);
  }

  forget(runId: string): void {
    this.#characters -= this.#tails.get(runId)?.characters ?? 0;
    this.#tails.delete(runId);
  }

  forgetThose(isMeant: (runId: string) => boolean): void {
    for (const runId of this.#tails.keys()) if (isMeant(runId)) this.forget(runId);
  }

  #fresh(runId: string): Tail | undefined {
    const tail = this.#tails.get(runId);
    return tail && tail.ageMs() < keptMs ? tail : undefined;
  }

  /** Forgets what is no longer recent also when nothing is added any more. */
  #sweepLater(): void {
    this.#sweep ??= setTimeout(() => {
      this.#sweep = undefined;
      this.#evict();
      if (this.#tails.size > 0) this.#sweepLater();
    }, keptMs).unref();
  }

  #evict(): void {
    for (const [runId, { ageMs }] of this.#tails) {
      if (this.#characters <= maxCharacters && ageMs() < keptMs) return;
      this.forget(runId);
    }
  }
}
