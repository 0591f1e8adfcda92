import { readField, SmithersError } from "../../../errors/index.ts";
import type { Listening, ListenOptions, Parameter, PgClient } from "../client.ts";
import { isForgottenStatement } from "../errors.ts";

interface Queryable {
  unsafe(sql: string, params: Parameter[], options: { prepare: boolean }): { values(): Promise<unknown[][]> };
}

/** What is used of a client that the library makes. */
export interface PostgresJs extends Queryable {
  readonly options: {
    readonly host: readonly string[];
    readonly port: readonly number[];
    readonly database: string;
    readonly path?: string | false;
    readonly prepare?: boolean;
  };
  listen(
    channel: string,
    onMessage: (payload: string) => void,
    onListening: () => void,
  ): Promise<{ unlisten(): Promise<void> }>;
  end(options: { timeout: number }): Promise<void>;
}

/** Whether a value is a client of postgres.js, judged by its shape. */
export function isPostgresJs(value: unknown): value is PostgresJs {
  return (
    ["unsafe", "listen", "reserve", "begin", "end"].every((name) => typeof readField(value, name) === "function") &&
    typeof readField(readField(value, "options"), "parsers") === "object"
  );
}

/** Options of the library; times are in seconds. */
export interface PostgresJsOptions {
  readonly max: number;
  readonly backoff: (tries: number) => number;
  readonly connect_timeout: number;
  readonly fetch_types: boolean;
  readonly max_lifetime: number | null;
  readonly connection: Readonly<Record<string, string>>;
}

/**
 * Connects with postgres.js.
 * @param url address without the package's own parameters
 * @throws INVALID_OPTIONS when the library is not installed
 */
export async function connectPostgresJs(url: string, options: PostgresJsOptions): Promise<PostgresJs> {
  let library: { readonly default: (url: string, options: object) => unknown };
  try {
    library = (await import("postgres")) as never;
  } catch (cause) {
    throw new SmithersError("INVALID_OPTIONS", "A postgres:// database needs the package postgres.", {
      cause,
      advice: "Install it: npm install postgres",
    });
  }
  return library.default(url, { ...options, onnotice() {} }) as PostgresJs;
}

/** The client of postgres.js, as the store uses it. */
export class PostgresJsClient implements PgClient {
  readonly library = "postgres.js";
  readonly name: string;
  readonly #sql: PostgresJs;
  readonly #owned: boolean;
  #prepare: boolean;

  /** @param owned whether the client is closed with the store */
  constructor(sql: PostgresJs, owned: boolean) {
    this.#sql = sql;
    this.#owned = owned;
    this.#prepare = sql.options.prepare !== false;
    const { host, port, database, path } = sql.options;
    this.name = path ? `${database} at ${path}` : `${database} at ${host[0]}:${port[0]}`;
  }

  async query(sql: string, params: readonly Parameter[] = []): Promise<(string | null)[]> {
    try {
      return await this.#run(this.#sql, sql, params);
    } catch (error) {
      if (!this.#prepare || !isForgottenStatement(error)) throw error;
      // A pooler gives each transaction another connection.
      this.#prepare = false;
      return this.#run(this.#sql, sql, params);
    }
  }

  async #run(client: Queryable, sql: string, params: readonly Parameter[]) {
    const rows = await client.unsafe(sql, [...params], { prepare: this.#prepare }).values();
    return rows.map((row) => (row as (string | null)[])[0] ?? null);
  }

  async listen(channel: string, { onMessage, onListening }: ListenOptions): Promise<Listening> {
    const { unlisten } = await this.#sql.listen(channel, onMessage, onListening);
    return { close: unlisten };
  }

  async close(): Promise<void> {
    if (this.#owned) await this.#sql.end({ timeout: 5 });
  }
}
