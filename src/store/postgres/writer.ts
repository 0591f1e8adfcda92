import { randomUUID } from "node:crypto";
import { isSmithersError, SmithersError } from "../../errors/index.ts";
import { sleep, stopwatch, yieldToEventLoop } from "../../timing/index.ts";
import { faultPoint } from "../fault.ts";
import type { StoreObserver } from "../observer.ts";
import { type Answers, Batch, type EncodedWrite } from "./batch.ts";
import { type PgClient, queryWithin } from "./client.ts";
import type { Database } from "./database.ts";
import { fromPostgresError, isConflict, isInDoubt, isLocked, sqlState } from "./errors.ts";
import { answerGraceMs, writeWithinMs } from "./limits.ts";
import { parseDecoded } from "./text.ts";

/** One write, as a {@link Batch} takes it. */
export interface Write<T> {
  /** The run that it changes. Batches change runs in the order of their ids, so that they wait for no circle. */
  readonly runId: string;
  /** @param whole whether to send everything, also what the database should know already */
  encode(whole: boolean): EncodedWrite;
  /** Turns the function's answer into the result. Throws to refuse the write, which has then changed nothing. */
  decode(answer: unknown): T;
  /** Whether the caller waits for as long as it takes to learn whether the write was committed. */
  readonly waits?: boolean;
  /** Whether another server may have to continue the run because of this write. */
  readonly news?: boolean;
}

interface QueuedWrite {
  readonly write: Write<unknown>;
  resolve(value: never): void;
  reject(error: unknown): void;
}

/** What a committed batch has changed. */
export interface CommittedChange {
  readonly runIds: ReadonlySet<string>;
  /** Whether something has arrived for one of the runs. */
  readonly news: boolean;
}

const maxBatch = 500;
/** A batch that takes longer to encode is sent; the rest follows. */
const maxBatchCharacters = 16_777_216;
/** How long a batch is retried while there is no connection, before its requests are refused. */
const patienceMs = 2_000;
/** How long a batch is retried that is in the way of others. */
const conflictLimitMs = 10_000;
/** How long a disk counts as full after the last write that found no space. */
const fullForMs = 5_000;
const firstPauseMs = 20;
const maxPauseMs = 1_000;
/** The database does not know a tree that it was not sent. */
const unknownTree = "SM001";

const sql = "SELECT _smithers_write_batch($1::text, $2::text::bigint, $3::text::bigint, $4::text)";

/**
 * Group commit: writes of the same turn of the event loop share a statement, and so a transaction, across all runs; one
 * statement is under way at a time. Each caller is answered once it is committed.
 *
 * Batches are numbered: when a connection breaks before the answer comes, the same batch is sent again, and the
 * database applies it only if it has not done so before.
 */
export class PostgresWriter {
  readonly #client: PgClient;
  readonly #database: Database;
  readonly #onChange: (change: CommittedChange) => void;
  readonly #id = randomUUID();
  #batchNo = 0;
  #queue: QueuedWrite[] = [];
  #flushing = false;
  #trouble: SmithersError | undefined;
  #sinceTroubleMs = stopwatch();
  #inDoubt = false;
  #closed = false;
  #observer: StoreObserver | undefined;

  constructor(client: PgClient, database: Database, onChange: (change: CommittedChange) => void) {
    this.#client = client;
    this.#database = database;
    this.#onChange = onChange;
  }

  /** Queues a write. */
  write<T>(write: Write<T>): Promise<T> {
    // The batch before this one must be decided first, which may take long.
    if (this.#inDoubt && this.#trouble) return Promise.reject(this.#trouble);
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ write: write as Write<unknown>, resolve, reject });
      if (this.#flushing) return;
      this.#flushing = true;
      setImmediate(() => void this.#flush());
    });
  }

  /** Why the last batch failed, if the database caused that. */
  get trouble(): SmithersError | undefined {
    return this.#trouble;
  }

  /** Number of writes that wait for their transaction. */
  get queueDepth(): number {
    return this.#queue.length;
  }

  observe(observer: StoreObserver): void {
    this.#observer = observer;
  }

  /** Waits until everything queued is committed or refused. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#flushing) await yieldToEventLoop();
    if (this.#batchNo === 0 || this.#trouble) return;
    await this.#database
      .texts("DELETE FROM _smithers_writers WHERE writer = $1::text RETURNING writer", this.#id)
      .catch(() => {});
  }

  async #flush(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, maxBatch);
      batch.sort((a, b) => (a.write.runId < b.write.runId ? -1 : a.write.runId > b.write.runId ? 1 : 0));
      await this.#commit(batch);
    }
    this.#flushing = false;
  }

  async #commit(batch: readonly QueuedWrite[]): Promise<void> {
    let gathered: Gathered;
    try {
      gathered = gather(batch, false);
    } catch (error) {
      return this.#refuse(batch, error);
    }
    if (gathered.count < batch.length) {
      await this.#commit(batch.slice(0, gathered.count));
      return this.#commit(batch.slice(gathered.count));
    }
    this.#batchNo += 1;
    let json = gathered.batch.encode();
    let isWhole = false;
    let isInDoubtNow = false;
    let waiting = batch;
    const waitedMs = stopwatch();
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, maxPauseMs)) {
      try {
        const elapsedMs = stopwatch();
        const answers = gathered.batch.answers(await this.#send(json));
        this.#committed(batch.length, elapsedMs());
        this.#answer(batch, waiting, answers);
        return;
      } catch (error) {
        if (sqlState(error) === unknownTree && !isWhole) {
          isWhole = true;
          gathered = gather(batch, true);
          json = gathered.batch.encode();
          continue;
        }
        if (isConflict(error) && waitedMs() < conflictLimitMs) {
          this.#observer?.busy();
          await sleep(pauseMs * Math.random());
          continue;
        }
        isInDoubtNow ||= isInDoubt(error);
        const thrown = fromPostgresError(error);
        const code = isSmithersError(thrown) ? thrown.code : undefined;
        // The server has become a standby; another one of the address may have become the primary.
        const isElsewhere = code === "DB_READ_ONLY" && this.#client.reconnect?.({ elsewhere: true }) === true;
        const isAway = code === "DB_UNAVAILABLE" || isElsewhere;
        if (!isAway && !isInDoubtNow)
          return isLocked(error) ? this.#reject(batch, thrown) : this.#refuse(batch, thrown);
        if (this.#trouble === undefined && waitedMs() < patienceMs && !this.#closed) {
          await sleep(pauseMs);
          continue;
        }
        this.#failed(thrown);
        if (!isInDoubtNow || this.#closed) {
          for (const queued of waiting) queued.reject(thrown);
          return;
        }
        // Nothing else is written until it is known whether this batch was committed.
        this.#inDoubt = true;
        for (const queued of [...waiting, ...this.#queue]) if (!queued.write.waits) queued.reject(thrown);
        waiting = waiting.filter((queued) => queued.write.waits);
        this.#queue = this.#queue.filter((queued) => queued.write.waits);
        await sleep(pauseMs);
      }
    }
  }

  async #send(json: string): Promise<Answers> {
    faultPoint("before-commit");
    const params = [this.#id, String(this.#batchNo), String(Date.now()), json];
    const [answers] = await queryWithin(
      this.#client,
      writeWithinMs + answerGraceMs,
      this.#database.qualify(sql),
      params,
    );
    faultPoint("after-commit");
    return parseDecoded(answers!) as Answers;
  }

  #committed(writes: number, durationMs: number): void {
    this.#inDoubt = false;
    this.#observer?.committed(writes, durationMs);
    if (this.#trouble === undefined) return;
    // On a full disk, what fits into a page that is there succeeds: a heartbeat, a probe, a small event.
    if (this.#trouble.code === "DB_FULL" && this.#sinceTroubleMs() < fullForMs) return;
    this.#trouble = undefined;
    this.#observer?.recovered();
  }

  #answer(batch: readonly QueuedWrite[], waiting: readonly QueuedWrite[], answers: readonly unknown[]): void {
    const changed = batch.filter(({ write }) => write.runId !== "");
    if (changed.length > 0) {
      this.#onChange({
        runIds: new Set(changed.map(({ write }) => write.runId)),
        news: changed.some(({ write }) => write.news === true),
      });
    }
    batch.forEach((queued, index) => {
      if (waiting !== batch && !waiting.includes(queued)) return;
      try {
        queued.resolve(queued.write.decode(answers[index]) as never);
      } catch (error) {
        queued.reject(error);
      }
    });
  }

  /** The server refused the statement, or it could not be written down: nothing has changed. */
  async #refuse(batch: readonly QueuedWrite[], thrown: unknown): Promise<void> {
    if (batch.length > 1) {
      // One of the writes is at fault: applied alone, the others succeed.
      for (const queued of batch) await this.#commit([queued]);
      return;
    }
    if (isSmithersError(thrown)) this.#failed(thrown);
    batch[0]?.reject(thrown);
  }

  /** Alone, each of the writes might wait for the same lock again. */
  #reject(batch: readonly QueuedWrite[], thrown: unknown): void {
    this.#failed(thrown);
    for (const queued of batch) queued.reject(thrown);
  }

  #failed(thrown: unknown): void {
    const error = isSmithersError(thrown)
      ? thrown
      : new SmithersError("DB_UNAVAILABLE", "The last write was interrupted.", { cause: thrown });
    this.#observer?.failed(error);
    this.#trouble = error;
    this.#sinceTroubleMs = stopwatch();
  }
}

interface Gathered {
  readonly batch: Batch;
  /** How many of the writes are in it. */
  readonly count: number;
}

/** Gathers as many writes as one statement takes; at least one. With `whole`, all of them. */
function gather(writes: readonly QueuedWrite[], whole: boolean): Gathered {
  const batch = new Batch();
  let count = 0;
  for (const { write } of writes) {
    const encoded = write.encode(whole);
    if (count > 0 && !batch.takes(write.runId, encoded)) break;
    batch.add(write.runId, encoded);
    count += 1;
    if (batch.characters > maxBatchCharacters && !whole) break;
  }
  return { batch, count };
}
