import type { RunEvent } from "../../client/index.ts";
import type { StoredEvent } from "../../model/index.ts";
import { isLogEnd } from "../../runs/index.ts";
import type { Store } from "../../store/index.ts";
import { afterMs } from "../../timing/index.ts";

const pageSize = 256;
/** Time after which the store is read again even without a hint that it has changed. */
const missedMs = 1_000;

/** See `Source.events`. */
export async function* storedEvents(
  store: Store,
  runId: string,
  afterSeq: number,
  follow: boolean,
): AsyncGenerator<RunEvent> {
  const changes = new Changes(store);
  try {
    for (let seq = afterSeq; ; ) {
      const page = await store.eventsAfter(runId, seq, pageSize);
      yield* page.map(toRunEvent);
      seq = page.at(-1)?.seq ?? seq;
      if (page.length === pageSize) continue;
      if (!follow || (await isLogEnd(store, runId, seq))) return;
      await changes.next();
    }
  } finally {
    changes.stop();
  }
}

export function toRunEvent({ seq, json }: StoredEvent): RunEvent {
  return { ...JSON.parse(json), seq };
}

/** Waits for commits of other connections. */
class Changes {
  readonly stop: () => void;
  #isChanged = false;
  #wake = () => {};

  constructor(store: Store) {
    this.stop = store.watch(() => {
      this.#isChanged = true;
      this.#wake();
    });
  }

  /**
   * Resolves once something has changed since the last call, or after a while, because a store's hint may be missed.
   */
  async next(): Promise<void> {
    if (!this.#isChanged) {
      await new Promise<void>((resolve) => {
        const cancelMissed = afterMs(missedMs, resolve);
        this.#wake = () => {
          cancelMissed();
          resolve();
        };
      });
    }
    this.#isChanged = false;
  }
}
