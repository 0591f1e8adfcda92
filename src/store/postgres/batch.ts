import type { ColumnValue } from "../columns.ts";
import type { EncodedRow } from "./operations/rows.ts";
import { encodeTexts } from "./text.ts";

/** The type and the JSON of an event. */
export type EncodedEvent = readonly [type: string, json: string];

/** A run that starts. */
export interface EncodedStart {
  readonly row: EncodedRow;
  readonly events: readonly EncodedEvent[];
}

/** A turn: what most turns write by table, and the rest as `_smithers_turn_rest` takes it. */
export interface EncodedTurn {
  readonly owner: string;
  readonly leaseNo: number;
  readonly nowMs: number;
  /** Columns of the run's row that change. */
  readonly run: EncodedRow;
  /** Whether the run is given up, and whether it ends in a way that a requested cancellation rules out. */
  readonly release: boolean;
  readonly ends: boolean;
  readonly nodes: readonly EncodedRow[];
  readonly startedAttempts: readonly EncodedRow[];
  /** Each with its node, iteration, number, state, error and stack. */
  readonly endedAttempts: readonly (readonly ColumnValue[])[];
  readonly outputs: readonly EncodedRow[];
  readonly frame: EncodedFrame | undefined;
  readonly events: readonly EncodedEvent[];
  readonly rest: object | undefined;
}

/** A frame with what the database may lack of its tree, as `_smithers_keep_tree` takes it. */
export interface EncodedFrame {
  readonly no: number;
  readonly hash: string;
  readonly xmlHash?: string;
  readonly json?: string;
  readonly base?: string;
  readonly maxDepth?: number;
}

/** A write as a batch takes it. `do` names the function of a single write. */
export type EncodedWrite =
  | { readonly start: EncodedStart }
  | { readonly turn: EncodedTurn }
  | { readonly do: string; readonly [field: string]: unknown };

/** Where the answer of a write is found. */
type Place =
  | { readonly in: "runs"; readonly runId: string }
  /** With the number of the run's last event. */
  | { readonly in: "first-turns"; readonly runId: string; readonly lastSeq: number }
  | { readonly in: "turns"; readonly index: number }
  | { readonly in: "singles"; readonly index: number };

/** What `_smithers_write_batch` answers. */
export type Answers = readonly [existing: readonly string[], turns: readonly unknown[], singles: readonly unknown[]];

const lists = [
  ...["singles", "locks", "runs", "turns", "nodes", "startedAttempts", "endedAttempts"],
  ...["outputs", "frames", "events", "rest"],
] as const;

/**
 * Gathers writes for one call of `_smithers_write_batch`: rows by table, over all runs. The first turn of a run that
 * starts in the same batch becomes part of the run's row.
 */
export class Batch {
  readonly #lists = new Map<string, string[]>(lists.map((name) => [name, []]));
  readonly #places: Place[] = [];
  readonly #turned = new Set<string>();
  #started: { readonly runId: string; readonly start: EncodedStart } | undefined;
  #characters = 0;

  /** How many characters it has so far. */
  get characters(): number {
    return this.#characters;
  }

  /** Whether a write can be added: a batch has at most one turn of each run. */
  takes(runId: string, write: EncodedWrite): boolean {
    return "do" in write || !("turn" in write) || !this.#turned.has(runId);
  }

  /** Adds a write. Writes of one run come one after the other. */
  add(runId: string, write: EncodedWrite): void {
    if (!("do" in write)) {
      if ("turn" in write) return this.#addTurn(runId, write.turn);
      this.#putStarted();
      this.#started = { runId, start: write.start };
      this.#places.push({ in: "runs", runId });
      return;
    }
    if (runId !== "") this.#put("locks", runId);
    this.#places.push({ in: "singles", index: this.#put("singles", write) });
  }

  /** The parameter of the call. */
  encode(): string {
    this.#putStarted();
    const filled = [...this.#lists].filter(([, items]) => items.length > 0);
    return encodeTexts(`{${filled.map(([name, items]) => `"${name}":[${items.join(",")}]`).join(",")}}`);
  }

  /** The answers of the writes, in the order in which they were added. */
  answers([existing, turns, singles]: Answers): unknown[] {
    const refused = new Set(existing);
    return this.#places.map((place) => {
      if (place.in === "turns") return turns[place.index];
      if (place.in === "singles") return singles[place.index];
      if (place.in === "runs") return refused.has(place.runId) ? "exists" : "started";
      return refused.has(place.runId) ? "lease-lost" : place.lastSeq;
    });
  }

  #addTurn(runId: string, turn: EncodedTurn): void {
    this.#turned.add(runId);
    const start = this.#started?.runId === runId ? this.#started.start : undefined;
    if (start) {
      this.#started = undefined;
      const events = [...start.events, ...turn.events];
      this.#putRun(runId, firstRow(start.row, turn), events);
      this.#places.push({ in: "first-turns", runId, lastSeq: events.length });
    } else {
      this.#putStarted();
      const flags = [...(turn.release ? ["release"] : []), ...(turn.ends ? ["ends"] : [])];
      const index = this.#put("turns", [runId, turn.owner, turn.leaseNo, turn.events.length, turn.run, flags]);
      this.#put("locks", runId);
      this.#putEvents(runId, turn.events, index + 1);
      this.#places.push({ in: "turns", index });
    }
    for (const row of turn.nodes) this.#put("nodes", row);
    for (const row of turn.startedAttempts) this.#put("startedAttempts", row);
    for (const end of turn.endedAttempts) this.#put("endedAttempts", [runId, turn.nowMs, ...end]);
    for (const row of turn.outputs) this.#put("outputs", row);
    if (turn.frame) this.#put("frames", [runId, turn.nowMs, turn.frame.no, turn.frame]);
    if (turn.rest) this.#put("rest", { runId, nowMs: turn.nowMs, ...turn.rest });
  }

  /** Puts a run whose first turn is not in this batch. */
  #putStarted(): void {
    if (this.#started === undefined) return;
    const { runId, start } = this.#started;
    this.#started = undefined;
    this.#putRun(runId, start.row, start.events);
  }

  #putRun(runId: string, row: EncodedRow, events: readonly EncodedEvent[]): void {
    this.#put("runs", { ...row, last_seq: events.length });
    this.#putEvents(runId, events, undefined);
  }

  /** @param turnNo number of the turn in the batch; undefined for a run that starts, whose events begin with number 1 */
  #putEvents(runId: string, events: readonly EncodedEvent[], turnNo: number | undefined): void {
    for (const [index, [type, json]] of events.entries()) {
      if (turnNo === undefined) this.#put("events", [runId, index + 1, type, json]);
      else this.#put("events", [runId, index + 1 - events.length, type, json, turnNo]);
    }
  }

  #put(list: (typeof lists)[number], item: unknown): number {
    const items = this.#lists.get(list)!;
    const text = JSON.stringify(item);
    this.#characters += text.length;
    return items.push(text) - 1;
  }
}

/** The row of a run that starts, as its first turn leaves it. */
function firstRow(row: EncodedRow, { run, release }: EncodedTurn): EncodedRow {
  return { ...row, ...run, ...(release && { owner: null }) };
}
