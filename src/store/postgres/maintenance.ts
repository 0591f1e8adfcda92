import { SmithersError } from "../../errors/index.ts";
import type { KnownDatabase, Maintenance, SeenClocks } from "../maintenance.ts";
import type { PrunedBatch } from "../snapshots.ts";
import type { Database } from "./database.ts";
import { rowsAsJson } from "./queries/select.ts";

/** Approximate number of rows that one transaction deletes: a few milliseconds of work. */
const batchRows = 2_000;
const batchRuns = 100;

export class PostgresMaintenance implements Maintenance {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
    this.rememberDatabase = this.rememberDatabase.bind(this);
    this.knownDatabases = this.knownDatabases.bind(this);
  }

  async pruneBatch(endedBeforeMs: number): Promise<PrunedBatch> {
    const sql = "SELECT _smithers_prune($1::text::bigint, $2::text::bigint, $3::text::bigint)";
    return this.#database.one<PrunedBatch>(sql, endedBeforeMs, batchRuns, batchRows);
  }

  async countPrunable(endedBeforeMs: number): Promise<number> {
    const sql = "SELECT count(*)::text FROM _smithers_runs WHERE finished_at_ms < $1::text::bigint";
    return Number((await this.#database.texts(sql, endedBeforeMs))[0]);
  }

  async pruneCache(cachedBeforeMs: number): Promise<number> {
    const sql = `WITH old AS (SELECT cache_key FROM _smithers_cache WHERE created_at_ms < $1::text::bigint
        ORDER BY created_at_ms LIMIT $2::text::bigint FOR UPDATE SKIP LOCKED),
      removed AS (DELETE FROM _smithers_cache c USING old WHERE c.cache_key = old.cache_key RETURNING 1)
      SELECT count(*)::text FROM removed`;
    for (let all = 0; ; ) {
      const removed = Number((await this.#database.texts(sql, cachedBeforeMs, batchRows))[0]);
      all += removed;
      if (removed < batchRows) return all;
    }
  }

  async seenClocks(): Promise<SeenClocks> {
    const [seen] = await this.#database.texts("SELECT seen_json FROM _smithers_pulse");
    return seen ? JSON.parse(seen) : { believed: null, doubted: null };
  }

  async noteClocks(seen: SeenClocks): Promise<void> {
    await this.#database.texts(
      `INSERT INTO _smithers_pulse (id, seen_json) VALUES (1, $1::text)
       ON CONFLICT (id) DO UPDATE SET seen_json = excluded.seen_json RETURNING seen_json`,
      JSON.stringify(seen),
    );
  }

  /** Autovacuum makes the space free for new rows. */
  async giveBackSpace(): Promise<void> {}

  backup(): Promise<void> {
    const { schema, client } = this.#database;
    const message =
      `The database ${client.name} is not a file that could be copied. ` +
      `Use pg_dump --format=custom --schema=${schema}: it copies the state of one moment while runs continue.`;
    return Promise.reject(new SmithersError("INVALID_OPTIONS", message));
  }

  async databaseId(): Promise<string> {
    return (await this.#database.texts("SELECT database_id FROM _smithers_identity"))[0]!;
  }

  async rememberDatabase({ path, databaseId, fileKey, mainFileKey }: KnownDatabase, nowMs: number): Promise<void> {
    await this.#database.texts(
      `INSERT INTO _smithers_databases (path, added_at_ms, database_id, file_key, main_file_key)
       VALUES ($1::text, $2::text::bigint, $3::text, $4::text, $5::text)
       ON CONFLICT (path) DO UPDATE SET database_id = excluded.database_id, file_key = excluded.file_key,
         main_file_key = excluded.main_file_key
       RETURNING path`,
      path,
      nowMs,
      databaseId,
      fileKey,
      mainFileKey,
    );
  }

  async knownDatabases(): Promise<KnownDatabase[]> {
    const select = `SELECT path, database_id AS "databaseId", file_key AS "fileKey", main_file_key AS "mainFileKey"
      FROM _smithers_databases ORDER BY added_at_ms, path`;
    return this.#database.one<KnownDatabase[]>(`SELECT ${rowsAsJson(select)}::text`);
  }
}
