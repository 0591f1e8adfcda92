import type { ErrorRecord } from "../errors/index.ts";
import type { CommittedEvent } from "../model/index.ts";
import type { Started, Store, TurnRecord } from "../store/index.ts";
import { stopwatch } from "../timing/index.ts";
import { FrameTrees } from "./frame-trees.ts";
import { putLargeTexts } from "./large-texts.ts";
import { type OwnMethod, type StorePart, storeMethods } from "./store-methods.ts";

/** What is sent of a {@link Started}: `lastSeq` is 0 when the run was not started now. */
export interface SentStart {
  readonly runId: string;
  readonly lastSeq: number;
}

/** What a {@link StoreHost} tells the other end. */
export interface HostNews {
  /** Another connection has committed something. */
  changed(): void;
  /** The store's trouble is another one now. */
  trouble(error: ErrorRecord | undefined): void;
}

/** Learns of answered calls, before the other end does. */
export type AnswerListeners = {
  readonly [Name in OwnMethod]?: (
    answer: Awaited<ReturnType<Store[Name]>>,
    args: Parameters<Store[Name]>,
    tookMs: number,
  ) => void;
};

/** Answers a remote store's calls from a store of this process. */
export class StoreHost {
  readonly #store: Store;
  readonly #news: HostNews;
  readonly #listeners: AnswerListeners;
  readonly #trees = new FrameTrees();
  #unwatch = () => {};
  #trouble: unknown;

  constructor(store: Store, news: HostNews, listeners: AnswerListeners = {}) {
    this.#store = store;
    this.#news = news;
    this.#listeners = listeners;
  }

  /**
   * Calls a method of the store. Calls of one turn of the event loop are applied in order, as the store's own are.
   * @returns what the method returns; of a committed turn or start only the number of its last event, or `tree-missing`
   *   when nothing was written because the tree of the turn's frame must be sent whole
   * @throws what the method throws
   */
  async call(part: StorePart, name: string, sent: readonly unknown[]): Promise<unknown> {
    if (!Object.hasOwn(storeMethods[part], name)) throw new Error(`A store has no method ${part}.${name}.`);
    const target = part === "own" ? this.#store : this.#store[part];
    const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
    const elapsedMs = stopwatch();
    try {
      let args = sent;
      if (name === "commitTurn") {
        const turn = this.#withTree(sent[0] as TurnRecord);
        if (!turn) return "tree-missing";
        args = [turn];
      }
      const answer = await method.call(target, ...args);
      if (part === "own") this.#listeners[name as OwnMethod]?.(answer as never, args as never, elapsedMs());
      return part === "own" ? toSend(name as OwnMethod, answer) : answer;
    } finally {
      this.#tellTrouble();
    }
  }

  /**
   * Commits a turn with large texts; see {@link call}.
   * @param turn the turn without them, as JSON; see `takeLargeTexts`
   */
  commitLargeTurn(turn: string, texts: readonly string[]): Promise<unknown> {
    return this.call("own", "commitTurn", [putLargeTexts({ turn: JSON.parse(turn), texts })]);
  }

  /** A turn with the tree of its frame; undefined when the worker must send it whole. */
  #withTree(turn: TurnRecord): TurnRecord | undefined {
    if (!turn.frame) return turn;
    const frame = this.#trees.whole(turn.frame);
    return frame && (frame === turn.frame ? turn : { ...turn, frame });
  }

  /** Starts or stops to tell of commits of other connections. */
  watch(isWatched: boolean): void {
    this.#unwatch();
    this.#unwatch = isWatched ? this.#store.watch(() => this.#news.changed()) : () => {};
  }

  #tellTrouble(): void {
    const { trouble } = this.#store;
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#news.trouble(trouble?.toRecord());
  }
}

/** The events of a turn and of a start are known at the other end, but for their numbers. */
function toSend(name: OwnMethod, answer: unknown): unknown {
  if (name === "commitTurn") return answer === "cancel-pending" ? answer : seqOf(answer as CommittedEvent[]);
  if (name !== "startOnce") return answer;
  const { runId, events } = answer as Started;
  return { runId, lastSeq: seqOf(events) } satisfies SentStart;
}

const seqOf = (events: readonly CommittedEvent[]) => events.at(-1)?.seq ?? 0;
