import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { RunEvent } from "smithers-orchestrator/client";
import { RunLog } from "./run-log.ts";
import { client, session } from "./session.ts";

/** How often the page is drawn again while events come, in ms. */
const drawMs = 80;

interface Reading {
  readonly log: RunLog;
  /** Why the events cannot be read. */
  readonly error: unknown;
  /** Whether the events that were stored when the reading began have come. */
  readonly isLoaded: boolean;
}

/** Reads a run's events, and those that come, for as long as the component is there. */
export function useRunLog(runId: string): Reading {
  const [error, setError] = useState<unknown>();
  const [isLoaded, setLoaded] = useState(false);
  const [generation, setGeneration] = useState(0);
  const store = useRef<LogStore>(undefined);
  store.current ??= new LogStore();
  const current = store.current;
  useSyncExternalStore(current.subscribe, () => current.log.version);

  // A run that has ended can be continued; the token may change.
  useEffect(() => session.subscribe(() => setGeneration((one) => one + 1)), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `generation` makes it read again
  useEffect(() => {
    const leave = new AbortController();
    current.begin();
    setError(undefined);
    void (async () => {
      try {
        for (let after = 0; !leave.signal.aborted; after = current.log.lastSeq) {
          for await (const event of client().runs.events(runId, { afterSeq: after, signal: leave.signal })) {
            current.add(event);
            if (!isLoaded) setLoaded(true);
          }
          current.flush();
          await changed(runId, leave.signal);
        }
      } catch (thrown) {
        if (leave.signal.aborted) return;
        session.note(thrown);
        setError(thrown);
      }
    })();
    return () => leave.abort();
  }, [runId, generation]);
  return { log: current.log, error, isLoaded };
}

/** Resolves when a run that has ended may have been continued. */
async function changed(runId: string, signal: AbortSignal): Promise<void> {
  const { onRunChange } = await import("./live.ts");
  await new Promise<void>((resolve) => {
    const stop = onRunChange(runId, () => {
      stop();
      resolve();
    });
    signal.addEventListener("abort", () => {
      stop();
      resolve();
    });
  });
}

class LogStore {
  log = new RunLog();
  readonly #listeners = new Set<() => void>();
  #waiting: RunEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
    this.log = new RunLog();
  }

  add(event: RunEvent): void {
    this.#waiting.push(event);
    this.#timer ??= setTimeout(() => this.flush(), drawMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    this.log.take(this.#waiting);
    this.#waiting = [];
    for (const tell of this.#listeners) tell();
  }
}
