import { readField } from "../../../errors/index.ts";
import type { Listening, ListenOptions, Parameter, PgClient } from "../client.ts";

interface Queryable {
  unsafe(sql: string, params?: Parameter[]): Promise<unknown> & { values(): Promise<unknown[][]> };
}

/** What is used of a client of Bun.SQL. */
export interface BunSql extends Queryable {
  readonly options: { adapter?: string; hostname?: string; port?: number | string; database?: string; path?: string };
  listen(
    channel: string,
    onMessage: (payload: string) => void,
    onListening?: () => void,
  ): Promise<{ unlisten(): Promise<void> }>;
}

/** Whether a value is a client of Bun.SQL for Postgres, judged by its shape. */
export function isBunSql(value: unknown): value is BunSql {
  return (
    ["unsafe", "reserve", "begin", "beginDistributed"].every((name) => typeof readField(value, name) === "function") &&
    readField(readField(value, "options"), "adapter") === "postgres"
  );
}

/** A client of Bun.SQL, as the store uses it. It is never closed: it belongs to the caller. */
export class BunSqlClient implements PgClient {
  readonly library = "Bun.SQL";
  readonly name: string;
  readonly #sql: BunSql;

  constructor(sql: BunSql) {
    this.#sql = sql;
    const { hostname, port, database, path } = sql.options;
    this.name = path ? `${database} at ${path}` : `${database} at ${hostname}:${port}`;
  }

  query(sql: string, params: readonly Parameter[] = []): Promise<(string | null)[]> {
    return run(this.#sql, sql, params);
  }

  async listen(channel: string, { onMessage, onListening }: ListenOptions): Promise<Listening> {
    const registration = await this.#sql.listen(channel, onMessage, onListening);
    return { close: () => registration.unlisten() };
  }

  async close(): Promise<void> {}
}

async function run(queryable: Queryable, sql: string, params: readonly Parameter[]): Promise<(string | null)[]> {
  const rows = await queryable.unsafe(sql, [...params]).values();
  return rows.map((row) => (row[0] as string | null) ?? null);
}
