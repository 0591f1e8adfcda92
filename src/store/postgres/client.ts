import { withTimeout } from "../../timing/index.ts";

/** A value of a parameter. Numbers and JSON go as text, and the statement casts them: all libraries send texts alike. */
export type Parameter = string | null;

/** Listens to a channel until it is closed. */
export interface Listening {
  close(): Promise<void>;
}

export interface ListenOptions {
  onMessage(payload: string): void;
  /** Called when the server listens, at first and after each lost connection: messages may have been missed. */
  onListening(): void;
}

/**
 * A Postgres library, as far as the store uses it. Methods reject with what the library throws; `toStoreError` turns
 * that into the package's own codes.
 */
export interface PgClient {
  /** Name of the library. */
  readonly library: string;
  /** The database and its server for people, without a password. */
  readonly name: string;
  /** Runs one statement in its own transaction, prepared if the connection allows. @returns its first column */
  query(sql: string, params?: readonly Parameter[]): Promise<(string | null)[]>;
  /** Listens on a connection of its own, and again after a lost connection. Rejects when the server cannot listen. */
  listen(channel: string, options: ListenOptions): Promise<Listening>;
  /**
   * Gives up the connections, which may be dead, and makes new ones. Absent for a client that belongs to the caller.
   * @param options.elsewhere whether to go to the next server of the address
   * @returns whether the address names several servers
   */
  reconnect?(options?: { readonly elsewhere?: boolean }): boolean;
  /** Ends the connections, unless the client belongs to the caller who handed it in. */
  close(): Promise<void>;
}

/** The text of the only column of the only row. */
export async function one(client: Pick<PgClient, "query">, sql: string, params?: readonly Parameter[]) {
  return (await client.query(sql, params))[0] ?? null;
}

/** Runs one statement. A connection that has not answered in time is given up: its host or the network has gone. */
export function queryWithin(client: PgClient, ms: number, sql: string, params?: readonly Parameter[]) {
  return withTimeout(ms, client.query(sql, params), () => {
    client.reconnect?.({ elsewhere: true });
    return Object.assign(new Error(`There was no answer within ${ms / 1_000} s.`), { code: "ETIMEDOUT" });
  });
}
