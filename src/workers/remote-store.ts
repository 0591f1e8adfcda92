import { type ErrorRecord, fromWire, type SmithersError } from "../errors/index.ts";
import { maxOutputBytes } from "../model/index.ts";
import {
  type Maintenance,
  type MirroredRuns,
  type SchemaRecord,
  type Store,
  type TurnRecord,
  unencodedEvents,
} from "../store/index.ts";
import { withoutTree } from "./frame-trees.ts";
import { takeLargeTexts } from "./large-texts.ts";
import type { SentStart } from "./store-host.ts";
import { type StorePart, storeMethods } from "./store-methods.ts";

/** Values of a turn that are larger together, in characters, wait for room in the host. */
const largeBytes = 262_144;

/** What a remote store knows of the store that it stands for. */
export interface StoreIdentity {
  readonly id: string;
  readonly privateFiles: readonly string[];
  /** Whether several servers execute its runs. */
  readonly isShared: boolean;
}

export function identityOf({ id, privateFiles, takeQueued }: Store): StoreIdentity {
  return { id, privateFiles, isShared: takeQueued !== undefined };
}

/** How a remote store reaches its host. */
export interface StoreLink {
  /** Calls a method whose arguments may travel as JSON. */
  call(part: StorePart, name: string, args: readonly unknown[]): Promise<unknown>;
  /**
   * Commits a turn with large texts, which must not become a part of other JSON.
   * @param turn the turn without them, as JSON; see `takeLargeTexts`
   */
  commitLargeTurn(turn: string, texts: readonly string[]): Promise<unknown>;
  /**
   * Waits until the host has room for large values on their way. Default: it always has.
   * @returns a function that gives the room back
   */
  takeRoom?(bytes: number): Promise<() => void>;
  /** Asks for, or refuses, news of commits of other connections. */
  watch(isWatched: boolean): void;
}

/** A store in another process, reached over a channel. The host calls {@link changed} and {@link setTrouble}. */
export class RemoteStore {
  readonly store: Store;
  readonly #link: StoreLink;
  readonly #listeners = new Set<() => void>();
  /** The schemas that are known to be recorded. */
  readonly #schemas = new Set<string>();
  #trouble: SmithersError | undefined;
  /** Calls without an answer: what a local store would have in its queue. */
  readonly #open = new Set<Promise<unknown>>();

  constructor(identity: StoreIdentity, link: StoreLink) {
    this.#link = link;
    const remote = this;
    this.store = {
      ...this.#methodsOf<Store>("own"),
      ...identity,
      maintenance: this.#methodsOf<Maintenance>("maintenance"),
      mirroredRuns: this.#methodsOf<MirroredRuns>("mirroredRuns"),
      get trouble() {
        return remote.#trouble;
      },
      get queueDepth() {
        return remote.#open.size;
      },
      startOnce: (...start) => this.#startOnce(start),
      commitTurn: (turn) => this.#commitTurn(turn),
      readOutput: (...place) => this.#readOutput(place),
      registerSchemas: (schemas) => this.#registerSchemas(schemas),
      watch: (listener) => this.#watch(listener),
      close: () => this.#close(),
    };
  }

  /** Another connection has committed something. */
  changed(): void {
    for (const told of this.#listeners) told();
  }

  setTrouble(record: ErrorRecord | undefined): void {
    this.#trouble = record && fromWire(record);
  }

  /** The methods of a part of the store, each of which calls the server. */
  #methodsOf<Part>(part: StorePart): Part {
    const names = Object.keys(storeMethods[part]);
    const calls = names.map((name) => [name, (...args: unknown[]) => this.#call(part, name, args)]);
    return Object.fromEntries(calls) as Part;
  }

  #call(part: StorePart, name: string, args: readonly unknown[]): Promise<unknown> {
    return this.#asked(this.#link.call(part, name, argumentsOf(args)));
  }

  #asked(answer: Promise<unknown>): Promise<unknown> {
    this.#open.add(answer);
    const over = () => void this.#open.delete(answer);
    answer.then(over, over);
    return answer;
  }

  async #startOnce(start: Parameters<Store["startOnce"]>): ReturnType<Store["startOnce"]> {
    const [run, events] = start;
    const { runId, lastSeq } = (await this.#call("own", "startOnce", start)) as SentStart;
    return { runId, events: lastSeq === 0 ? [] : unencodedEvents(runId, events, lastSeq, run.createdAtMs) };
  }

  async #commitTurn(turn: TurnRecord): ReturnType<Store["commitTurn"]> {
    const { turn: sent, texts } = takeLargeTexts(turn);
    const bytes = texts.reduce((sum, text) => sum + text.length, 0);
    const send = (one: TurnRecord) =>
      texts.length === 0
        ? this.#call("own", "commitTurn", [one])
        : this.#asked(this.#link.commitLargeTurn(JSON.stringify(one), texts));
    const commit = async () => {
      const { frame } = sent;
      const short = frame && withoutTree(frame);
      const answer = await send(short === frame ? sent : { ...sent, frame: short });
      return answer === "tree-missing" ? send(sent) : answer;
    };
    const lastSeq = (await (bytes > largeBytes ? this.#inRoom(bytes, commit) : commit())) as number | "cancel-pending";
    return lastSeq === "cancel-pending" ? lastSeq : unencodedEvents(turn.lease.runId, turn.events, lastSeq, turn.nowMs);
  }

  #readOutput(place: Parameters<Store["readOutput"]>): ReturnType<Store["readOutput"]> {
    // How large it is is known when it has been read.
    return this.#inRoom(maxOutputBytes, () => this.#call("own", "readOutput", place)) as ReturnType<
      Store["readOutput"]
    >;
  }

  /** Does what holds large values in the host's memory. */
  async #inRoom<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const giveBack = await this.#link.takeRoom?.(bytes);
    try {
      return await work();
    } finally {
      giveBack?.();
    }
  }

  async #registerSchemas(schemas: readonly SchemaRecord[]): Promise<void> {
    const unknown = schemas
      .filter(({ key, hash }) => !this.#schemas.has(`${key}\0${hash}`))
      .map(({ key, hash, columns }) => ({ key, hash, columns }));
    if (unknown.length === 0) return;
    await this.#call("own", "registerSchemas", [unknown]);
    for (const { key, hash } of unknown) this.#schemas.add(`${key}\0${hash}`);
  }

  #watch(listener: () => void): () => void {
    // Each call needs its own function, because the same listener may watch twice.
    const told = () => listener();
    this.#listeners.add(told);
    if (this.#listeners.size === 1) this.#link.watch(true);
    return () => {
      if (this.#listeners.delete(told) && this.#listeners.size === 0) this.#link.watch(false);
    };
  }

  /** Waits for what was asked for. The store itself belongs to the other process. */
  async #close(): Promise<void> {
    if (this.#listeners.size > 0) this.#link.watch(false);
    this.#listeners.clear();
    await Promise.allSettled(this.#open);
  }
}

/** Arguments that can travel as JSON. What is undefined at the end is left out, for JSON has no such value. */
function argumentsOf(args: readonly unknown[]): readonly unknown[] {
  return args.at(-1) === undefined ? args.slice(0, args.findLastIndex((arg) => arg !== undefined) + 1) : args;
}
