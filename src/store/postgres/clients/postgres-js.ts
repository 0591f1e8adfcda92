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
  readonly keep_alive: number;
  readonly idle_timeout?: number;
  readonly fetch_types: boolean;
  readonly max_lifetime: number | null;
  readonly connection: Readonly<Record<string, string | number>>;
}

export type ConnectPostgresJs = (url: string, options: PostgresJsOptions) => PostgresJs;

/**
 * Loads postgres.js.
 * @throws INVALID_OPTIONS when the library is not installed
 */
export async function loadPostgresJs(): Promise<ConnectPostgresJs> {
  try {
    const library = (await import("postgres")) as unknown as {
      readonly default: (url: string, options: object) => PostgresJs;
    };
    // One statement at a time: the library first asks for the types of parameters. Asked behind another statement, the
    // types never come through PgBouncer, which gives the connection to another client after the first answer.
    return (url, options) => library.default(url, { ...options, max_pipeline: 0, onnotice() {} });
  } catch (cause) {
    throw new SmithersError("INVALID_OPTIONS", "A postgres:// database needs the package postgres.", {
      cause,
      advice: "Install it: npm install postgres",
    });
  }
}

/** Runs one statement, and returns the texts of its only column. */
export async function runPostgresJs(
  client: PostgresJs,
  sql: string,
  params: readonly Parameter[],
  prepare: boolean,
): Promise<(string | null)[]> {
  const rows = await client.unsafe(sql, [...params], { prepare }).values();
  return rows.map((row) => (row as (string | null)[])[0] ?? null);
}

/** A client of postgres.js that the caller has made. It is never closed. */
export class PostgresJsClient implements PgClient {
  readonly library = "postgres.js";
  readonly name: string;
  readonly #sql: PostgresJs;
  #prepare: boolean;

  constructor(sql: PostgresJs) {
    this.#sql = sql;
    this.#prepare = sql.options.prepare !== false;
    const { host, port, database, path } = sql.options;
    this.name = path ? `${database} at ${path}` : `${database} at ${host[0]}:${port[0]}`;
  }

  async query(sql: string, params: readonly Parameter[] = []): Promise<(string | null)[]> {
    try {
      return await runPostgresJs(this.#sql, sql, params, this.#prepare);
    } catch (error) {
      if (!this.#prepare || !isForgottenStatement(error)) throw error;
      // A pooler gives each transaction another connection.
      this.#prepare = false;
      return runPostgresJs(this.#sql, sql, params, this.#prepare);
    }
  }

  async listen(channel: string, { onMessage, onListening }: ListenOptions): Promise<Listening> {
    const { unlisten } = await this.#sql.listen(channel, onMessage, onListening);
    return { close: unlisten };
  }

  async close(): Promise<void> {}
}
