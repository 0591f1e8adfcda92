import { readField } from "../../../errors/index.ts";
import type { Listening, ListenOptions, Parameter, PgClient } from "../client.ts";
import { isForgottenStatement } from "../errors.ts";
import type { Hosts } from "./hosts.ts";
import { type PostgresJs, runPostgresJs } from "./postgres-js.ts";

export interface ConnectedClientOptions {
  readonly hosts: Hosts;
  /** Makes a client of the library, which connects when it is first used. */
  readonly connect: (url: string) => PostgresJs;
}

/** What a connection fails with when its server cannot be reached: another one may be. */
const unreachable = /^(CONNECT_TIMEOUT|ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOST\w+|ENET\w+|ETIMEDOUT)$/;

/** How long the end of a client waits for connections that are in use, and for those that are not, in seconds. */
const endInUseS = 5;
const endUnusedS = 0.2;

/**
 * A client of postgres.js that the store has made. Dead connections answer nothing, and do not end for a quarter of an
 * hour: they are given up by replacing the library's client.
 */
export class ConnectedClient implements PgClient {
  readonly library = "postgres.js";
  readonly name: string;
  readonly #options: ConnectedClientOptions;
  #url: string;
  #sql: PostgresJs;
  #prepare: boolean;
  /** Number of statements that have no answer yet. */
  #running = 0;
  readonly #listeners = new Set<() => void>();

  constructor(options: ConnectedClientOptions) {
    this.#options = options;
    this.#url = options.hosts.url;
    this.#sql = options.connect(this.#url);
    this.#prepare = this.#sql.options.prepare !== false;
    this.name = nameOf(this.#sql, options.hosts);
  }

  async query(sql: string, params: readonly Parameter[] = []): Promise<(string | null)[]> {
    if (this.#url !== this.#options.hosts.url) this.#replace();
    const [url, client] = [this.#url, this.#sql];
    this.#running += 1;
    try {
      return await runPostgresJs(client, sql, params, this.#prepare);
    } catch (error) {
      if (this.#prepare && isForgottenStatement(error)) {
        // A pooler gives each transaction another connection.
        this.#prepare = false;
        return await runPostgresJs(client, sql, params, this.#prepare);
      }
      if (unreachable.test(String(readField(error, "code")))) this.#options.hosts.leave(url);
      throw error;
    } finally {
      this.#running -= 1;
    }
  }

  async listen(channel: string, { onMessage, onListening }: ListenOptions): Promise<Listening> {
    // A library client of its own, because a dead connection that listens must be replaceable too.
    let sql = this.#options.connect(this.#url);
    const begin = () => sql.listen(channel, onMessage, onListening);
    const again = () => {
      end(sql);
      sql = this.#options.connect(this.#url);
      // The library tries again by itself.
      void begin().catch(() => {});
    };
    this.#listeners.add(again);
    const close = async () => {
      this.#listeners.delete(again);
      end(sql);
    };
    try {
      await begin();
    } catch (error) {
      await close();
      throw error;
    }
    return { close };
  }

  reconnect({ elsewhere = false } = {}): boolean {
    const { hosts } = this.#options;
    if (elsewhere) hosts.leave(this.#url);
    this.#replace();
    return hosts.count > 1;
  }

  async close(): Promise<void> {
    // The library continues to wait for the answer of a connection that has ended.
    await this.#sql.end({ timeout: this.#running > 0 ? endInUseS : endUnusedS });
  }

  #replace(): void {
    const before = this.#sql;
    this.#url = this.#options.hosts.url;
    this.#sql = this.#options.connect(this.#url);
    end(before);
    for (const again of this.#listeners) again();
  }
}

/** Ends a client without waiting for what a dead connection would answer. */
function end(sql: PostgresJs): void {
  void sql.end({ timeout: 0 }).catch(() => {});
}

function nameOf({ options }: PostgresJs, hosts: Hosts): string {
  const more = hosts.count > 1 ? ` and ${hosts.count - 1} more` : "";
  return `${options.path ? `${options.database} at ${options.path}` : `${options.database} at ${options.host[0]}:${options.port[0]}`}${more}`;
}
