import { createHash, randomUUID } from "node:crypto";
import { afterMs, stopwatch } from "../../timing/index.ts";
import type { Listening } from "./client.ts";
import type { Database } from "./database.ts";
import type { Presence } from "./presence.ts";
import type { CommittedChange } from "./writer.ts";

/**
 * So many notifications may follow one another at once, and no more in this time: a notification for each commit would
 * serialise the commits. A decision or a signal with the turns that follow from it, after a pause, waits for nothing.
 */
const announceBurst = 4;
const announceBurstMs = 40;
/** A payload has at most 8,000 bytes. */
const maxPayload = 7_000;
/** How long a notification may take to come back before the database counts as one without notifications. */
const echoMs = 2_000;
/** Time between two tests whether notifications still come. */
const testMs = 15_000;
/** Times between two looks at a database without notifications: at first, and when nothing happens. */
const firstLookMs = 50;
const maxLookMs = 500;

interface Message {
  /** Who sends it. */
  readonly from: string;
  /** The runs that have changed; absent when they are too many, or when it is only a test. */
  readonly runs?: readonly string[];
  readonly test?: string;
}

/**
 * Tells other stores that something was committed, and tells the listeners of this one what others have committed.
 * Notifications are hints. Where they do not come, because of a pooler or a compatible database without them, it looks
 * at the database from time to time.
 */
export class ChangeWatch {
  readonly #database: Database;
  readonly #channel: string;
  readonly #id = randomUUID();
  readonly #presence: Presence | undefined;
  readonly #listeners = new Set<(runIds?: readonly string[]) => void>();
  #listening: Promise<Listening | undefined> | undefined;
  /** Whether a notification has come back since the connection was made. */
  #isHeard = false;
  #test: string | undefined;
  #cancelTest = () => {};
  #cancelLook = () => {};
  #seen: string | undefined;
  #announcing: Promise<void> | undefined;
  #changed = new Set<string>();
  #hasChanged = false;
  /** When the last few notifications were sent, the oldest first. */
  readonly #announced: (() => number)[] = [];
  #stopped = false;

  constructor(database: Database, presence: Presence | undefined) {
    this.#database = database;
    this.#presence = presence;
    // A channel is named by at most 63 bytes, and belongs to the whole database.
    this.#channel = `smithers_${createHash("sha1").update(database.schema).digest("hex").slice(0, 24)}`;
  }

  watch(listener: (runIds?: readonly string[]) => void): () => void {
    // Each call needs its own function, because the same listener may watch twice.
    const told = (runIds?: readonly string[]) => listener(runIds);
    this.#listeners.add(told);
    if (this.#listeners.size === 1) this.#begin();
    return () => {
      this.#listeners.delete(told);
      if (this.#listeners.size === 0) void this.#end();
    };
  }

  /** Tells the other stores, soon, that this one has committed something. */
  announce({ runIds }: CommittedChange): void {
    for (const runId of runIds) this.#changed.add(runId);
    this.#hasChanged = true;
    this.#announcing ??= this.#announce();
  }

  /** Sends what was not announced yet, and stops listening. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#listeners.clear();
    await this.#announcing;
    await this.#end();
  }

  async #announce(): Promise<void> {
    while (this.#hasChanged) {
      const before = this.#announced.length < announceBurst ? undefined : this.#announced.shift();
      const pauseMs = before ? announceBurstMs - before() : 0;
      if (pauseMs > 0) await new Promise<void>((resolve) => afterMs(this.#stopped ? 0 : pauseMs, resolve));
      const runs = [...this.#changed];
      this.#changed = new Set();
      this.#hasChanged = false;
      this.#announced.push(stopwatch());
      const message: Message = { from: this.#id, runs };
      const payload = JSON.stringify(message);
      // The others find out by themselves what they were not told.
      await this.#send(payload.length <= maxPayload ? payload : JSON.stringify({ from: this.#id })).catch(() => {});
    }
    this.#announcing = undefined;
  }

  async #send(payload: string): Promise<void> {
    await this.#database.texts("SELECT pg_notify($1::text, $2::text)::text", this.#channel, payload);
  }

  #begin(): void {
    this.#isHeard = false;
    this.#seen = undefined;
    this.#look(firstLookMs);
    this.#listen();
  }

  #listen(): void {
    const listening = this.#database.client
      .listen(this.#channel, {
        onMessage: (payload) => this.#received(payload),
        // Messages may have been missed.
        onListening: () => {
          this.#tell();
          this.#sendTest();
        },
      })
      .catch(() => {
        if (this.#listening !== listening) return undefined;
        // The database is away, or has no notifications.
        this.#listening = undefined;
        this.#testLater();
        return undefined;
      });
    this.#listening = listening;
  }

  async #end(): Promise<void> {
    this.#cancelTest();
    this.#cancelLook();
    const stopped = this.#stopListening();
    await this.#presence?.end();
    await stopped;
  }

  async #stopListening(): Promise<void> {
    const listening = this.#listening;
    this.#listening = undefined;
    await (await listening)?.close().catch(() => {});
  }

  #received(payload: string): void {
    let message: Message;
    try {
      message = JSON.parse(payload);
    } catch {
      return;
    }
    if (message.from !== this.#id) return this.#tell(message.runs);
    if (message.test === undefined || message.test !== this.#test) return;
    this.#isHeard = true;
    // A connection that notifications come to is one that keeps a lock: no pooler stands between.
    this.#presence?.begin(() => this.#tell());
    this.#cancelLook();
    this.#testLater();
  }

  /** Sends a notification to itself. While it has not come, the database is looked at. */
  #sendTest(): void {
    this.#cancelTest();
    if (this.#listeners.size === 0) return;
    if (this.#listening === undefined) return this.#listen();
    this.#test = randomUUID();
    let isSent = false;
    const sent = () => {
      isSent = true;
    };
    this.#send(JSON.stringify({ from: this.#id, test: this.#test })).then(sent, () => {});
    this.#cancelTest = unrefAfter(echoMs, () => {
      this.#testLater();
      if (!this.#isHeard) return;
      this.#isHeard = false;
      this.#look(firstLookMs);
      // The connection that listens may be dead.
      if (!isSent) return;
      void this.#stopListening();
      this.#listen();
    });
  }

  #testLater(): void {
    this.#cancelTest();
    this.#cancelTest = unrefAfter(testMs, () => this.#sendTest());
  }

  #tell(runIds?: readonly string[]): void {
    for (const told of this.#listeners) told(runIds);
  }

  /** Looks whether another store has committed something, and again later. */
  #look(pauseMs: number): void {
    this.#cancelLook();
    this.#cancelLook = unrefAfter(pauseMs, async () => {
      // Each batch of each store changes this number.
      const sql = "SELECT coalesce(sum(batch_no + used_at_ms), 0)::text FROM _smithers_writers";
      const [now] = await this.#database.texts(sql).catch(() => [this.#seen]);
      if (this.#isHeard || this.#listeners.size === 0) return;
      const hasChanged = now !== this.#seen;
      // The first look cannot tell what was committed before it.
      if (hasChanged) this.#tell();
      this.#seen = now ?? undefined;
      this.#look(hasChanged ? firstLookMs : Math.min(2 * pauseMs, maxLookMs));
    });
  }
}

function unrefAfter(ms: number, fire: () => void): () => void {
  const timer = setTimeout(fire, ms);
  timer.unref();
  return () => clearTimeout(timer);
}
