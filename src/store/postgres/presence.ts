import { randomInt } from "node:crypto";
import { stopwatch, withTimeout } from "../../timing/index.ts";
import type { PgClient } from "./client.ts";
import type { Database } from "./database.ts";
import { pulseWithinMs, silentForMs } from "./limits.ts";
import { quoteText } from "./quote.ts";

/** Time between two looks at the owners of runs. */
const lookMs = 500;
/** How long an owner's lock must be missing: a server whose connection was cut takes it again before. */
const goneAfterMs = 800;
/** A new connection judges the others only after this time: they may have lost theirs too, as when Postgres restarts. */
const othersConnectMs = 3_000;

/** The locks of all servers of a schema have this first key. */
export const lockClass = (schema: string) =>
  `abs(hashtext(${quoteText(`smithers servers ${schema}`)})::bigint) % 2147483647`;

/** The connection does not answer. */
class Silence extends Error {}

interface Look {
  /** Whether this server has its lock. */
  readonly isHeld: boolean;
  /** Owners of runs whose lock is missing. */
  readonly missing: readonly string[];
}

/**
 * Tells other servers that this one lives, and notices when another has gone: each holds an advisory lock on a
 * connection of its own, which Postgres releases when the connection ends. Postgres ends it when it hears nothing for a
 * while (14 and later), because the server's host has gone or its process stands still.
 */
export class Presence {
  readonly #client: PgClient;
  readonly #database: Database;
  readonly #lockKey = randomInt(1, 2 ** 31);
  readonly #sql: string;
  readonly #owners = new Set<string>();
  readonly #registered = new Set<string>();
  readonly #onSilence: () => void;
  #missing = new Map<string, () => number>();
  /** Since when the connection stands. */
  #connectedMs: (() => number) | undefined;
  #gone: ReadonlySet<string> = new Set();
  #timer: ReturnType<typeof setInterval> | undefined;
  #looking: Promise<void> | undefined;
  #lookNow = () => {};

  /**
   * @param client has one connection, which stays open
   * @param onSilence called when that connection does not answer any more
   */
  constructor(client: PgClient, database: Database, onSilence: () => void) {
    this.#client = client;
    this.#onSilence = onSilence;
    this.#database = database;
    const held = (condition: string) => `EXISTS (
      SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted
        AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
        AND l.classid::bigint = ${lockClass(database.schema)} AND ${condition})`;
    this.#sql = database.qualify(`SELECT json_build_object(
      'silence', CASE WHEN current_setting('idle_session_timeout', true) IS NOT NULL
        THEN set_config('idle_session_timeout', '${silentForMs}', false) END,
      'isHeld', ${held(`l.objid::bigint = ${this.#lockKey} AND l.pid = pg_backend_pid()`)}
        OR pg_try_advisory_lock((${lockClass(database.schema)})::int, ${this.#lockKey}),
      'missing', (SELECT coalesce(json_agg(o.owner), '[]') FROM _smithers_owners o
        WHERE o.lock_key IS NOT NULL AND EXISTS (SELECT 1 FROM _smithers_runs r WHERE r.owner = o.owner)
          AND NOT ${held("l.objid::bigint = o.lock_key")}))::text`);
  }

  /** Owners of runs whose server has gone. */
  get gone(): ReadonlySet<string> {
    return this.#gone;
  }

  /** Names an owner of this server. */
  add(owner: string): void {
    if (this.#owners.has(owner)) return;
    this.#owners.add(owner);
    // Until it is stored with the lock, others would only notice by its heartbeats that it has gone.
    this.#lookNow();
  }

  /** @param onGone called when another server has gone */
  begin(onGone: () => void): void {
    if (this.#timer !== undefined) return;
    this.#lookNow = () => {
      this.#looking ??= this.#look(onGone).finally(() => {
        this.#looking = undefined;
      });
    };
    this.#timer = setInterval(this.#lookNow, lookMs);
    this.#timer.unref();
    this.#lookNow();
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#lookNow = () => {};
    await this.#looking;
  }

  async #look(onGone: () => void): Promise<void> {
    try {
      const [json] = await withTimeout(pulseWithinMs, this.#client.query(this.#sql), () => new Silence());
      const { isHeld, missing }: Look = JSON.parse(json!);
      if (isHeld) await this.#register();
      this.#connectedMs ??= stopwatch();
      this.#judge(missing, onGone);
    } catch (error) {
      if (error instanceof Silence) this.#onSilence();
      // Without a connection nothing is known about the others.
      this.#missing.clear();
      this.#gone = new Set();
      this.#connectedMs = undefined;
    }
  }

  async #register(): Promise<void> {
    for (const owner of this.#owners) {
      if (this.#registered.has(owner)) continue;
      await this.#database.texts(
        `INSERT INTO _smithers_owners (owner, beat_at_ms, lock_key) VALUES ($1::text, $2::text::bigint, $3::text::bigint)
         ON CONFLICT (owner) DO UPDATE SET lock_key = excluded.lock_key RETURNING owner`,
        owner,
        Date.now(),
        this.#lockKey,
      );
      this.#registered.add(owner);
    }
  }

  #judge(missing: readonly string[], onGone: () => void): void {
    if (this.#connectedMs === undefined || this.#connectedMs() < othersConnectMs) return;
    const others = missing.filter((owner) => !this.#owners.has(owner));
    this.#missing = new Map(others.map((owner) => [owner, this.#missing.get(owner) ?? stopwatch()]));
    const gone = new Set(others.filter((owner) => this.#missing.get(owner)!() >= goneAfterMs));
    const isNew = [...gone].some((owner) => !this.#gone.has(owner));
    this.#gone = gone;
    if (isNew) onGone();
  }
}
