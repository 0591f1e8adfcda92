import { keepSecret } from "../../text/index.ts";
import { isProvablyAlive } from "../owner.ts";
import { ConnectedClient } from "../postgres/clients/connected.ts";
import { Hosts } from "../postgres/clients/hosts.ts";
import { loadPostgresJs } from "../postgres/clients/postgres-js.ts";
import { Database, type Value } from "../postgres/database.ts";
import { lockClass } from "../postgres/presence.ts";
import { encodeTexts, parseDecoded } from "../postgres/text.ts";
import { parseAddress } from "../postgres/url.ts";
import type { SchemaRecord } from "../requests.ts";
import { type CopySide, databaseInUse, markTable } from "./side.ts";
import { type CopiedRow, type CopiedTable, uncopiedColumns } from "./tables.ts";

/** A server without a lock of its own counts as alive while its heartbeat is no older than this. */
const silentAfterMs = 30_000;

/**
 * Opens a schema that has the tables of this release.
 * @throws DB_BUSY when a server uses it
 */
export async function openPostgresSide(address: string): Promise<CopySide> {
  const { urls, schema, password } = parseAddress(address);
  if (password !== undefined) keepSecret(password);
  const connect = await loadPostgresJs();
  const client = new ConnectedClient({
    hosts: new Hosts(urls),
    connect: (url) =>
      connect(url, {
        max: 1,
        connect_timeout: 5,
        keep_alive: 5,
        max_lifetime: null,
        backoff: () => 1,
        fetch_types: false,
        connection: { application_name: "smithers db copy" },
      }),
  });
  try {
    const database = new Database({ reader: client, patient: client, schema });
    await refuseInUse(database);
    const [id] = await database.texts("SELECT database_id FROM _smithers_identity");
    return new PostgresSide(database, id!, () => client.close());
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function refuseInUse(database: Database): Promise<void> {
  const [used] = await database.texts(
    `SELECT (EXISTS (SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted
        AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
        AND l.classid::bigint = ${lockClass(database.schema)})
      OR EXISTS (SELECT 1 FROM _smithers_owners o WHERE o.lock_key IS NULL AND o.beat_at_ms > $1::text::bigint
        AND EXISTS (SELECT 1 FROM _smithers_runs r WHERE r.owner = o.owner)))::text`,
    Date.now() - silentAfterMs,
  );
  const owners = await database.texts("SELECT DISTINCT owner FROM _smithers_runs WHERE owner IS NOT NULL");
  if (used === "true" || owners.some((owner) => isProvablyAlive(owner!))) throw databaseInUse(database.client.name);
}

class PostgresSide implements CopySide {
  readonly id: string;
  readonly close: () => Promise<void>;
  readonly #database: Database;

  constructor(database: Database, id: string, close: () => Promise<void>) {
    this.#database = database;
    this.id = id;
    this.close = close;
  }

  get name(): string {
    return `${this.#database.client.name}, schema ${this.#database.schema}`;
  }

  async columnsOf({ name }: CopiedTable): Promise<readonly string[]> {
    const columns = await this.#database.texts(
      `SELECT column_name FROM information_schema.columns
       WHERE table_schema = $1::text AND table_name = $2::text ORDER BY ordinal_position`,
      this.#database.schema,
      `_smithers_${name}`,
    );
    return (columns as string[]).filter((column) => !uncopiedColumns.has(`${name}.${column}`));
  }

  async count({ name }: CopiedTable): Promise<number> {
    return Number((await this.#database.textsOfLong(`SELECT count(*)::text FROM _smithers_${name}`))[0]);
  }

  async rowsAfter(table: CopiedTable, columns: readonly string[], after: CopiedRow | undefined, limit: number) {
    const key = table.key.join(", ");
    const params: Value[] = [limit];
    const places = after?.map((value) => {
      const place = `$${params.push(value)}::text`;
      return typeof value === "number" ? `${place}::bigint` : place;
    });
    const where = places ? `WHERE (${key}) > (${places.join(", ")})` : "";
    const rows = await this.#database.textsOfLong(
      `SELECT json_build_array(${columns.join(", ")})::text FROM _smithers_${table.name} ${where}
       ORDER BY ${key} LIMIT $1::text::bigint`,
      ...params,
    );
    return rows.map((row) => parseDecoded(row!) as CopiedRow);
  }

  async lastKey(table: CopiedTable): Promise<CopiedRow | undefined> {
    const order = table.key.map((column) => `${column} DESC`).join(", ");
    const [row] = await this.#database.textsOfLong(
      `SELECT json_build_array(${table.key.join(", ")})::text FROM _smithers_${table.name} ORDER BY ${order} LIMIT 1`,
    );
    return row ? (parseDecoded(row) as CopiedRow) : undefined;
  }

  async insert(table: CopiedTable, columns: readonly string[], rows: readonly CopiedRow[]): Promise<void> {
    const list = columns.join(", ");
    const records = rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
    await this.#database.textsOfLong(
      `WITH added AS (
         INSERT INTO _smithers_${table.name} (${list}) OVERRIDING SYSTEM VALUE
         SELECT ${list} FROM json_populate_recordset(NULL::_smithers_${table.name}, $1::text::json)
         ON CONFLICT DO NOTHING RETURNING 1)
       SELECT count(*)::text FROM added`,
      encodeTexts(JSON.stringify(records)),
    );
  }

  async schemas(): Promise<readonly SchemaRecord[]> {
    const rows = await this.#database.texts(
      "SELECT json_build_array(schema_key, schema_hash, columns_json)::text FROM _smithers_schemas",
    );
    return rows.map((row) => {
      const [key, hash, columns] = parseDecoded(row!) as [string, string, string];
      return { key, hash, columns: JSON.parse(columns) };
    });
  }

  async unfinishedFrom(): Promise<string | undefined> {
    const [known] = await this.#database.texts(
      "SELECT count(*)::text FROM information_schema.tables WHERE table_schema = $1::text AND table_name = $2::text",
      this.#database.schema,
      markTable,
    );
    if (known === "0") return undefined;
    return (await this.#database.texts(`SELECT source FROM ${markTable}`))[0] ?? undefined;
  }

  async begin(sourceId: string): Promise<void> {
    await this.#database.texts(`CREATE TABLE IF NOT EXISTS ${markTable} (source text PRIMARY KEY)`);
    await this.#database.texts(
      `INSERT INTO ${markTable} VALUES ($1::text) ON CONFLICT DO NOTHING RETURNING source`,
      sourceId,
    );
  }

  async settle(): Promise<void> {
    await this.#database.textsOfLong(
      `SELECT setval(pg_get_serial_sequence('_smithers_trees', 'tree_no'),
         (SELECT coalesce(max(tree_no), 0) + 1 FROM _smithers_trees), false)::text`,
    );
  }

  async finish(): Promise<void> {
    await this.#database.texts(`DROP TABLE IF EXISTS ${markTable}`);
  }
}
