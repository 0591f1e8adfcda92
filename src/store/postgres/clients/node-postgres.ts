import { readField } from "../../../errors/index.ts";
import { sleep } from "../../../timing/index.ts";
import type { Listening, ListenOptions, Parameter, PgClient } from "../client.ts";
import { quoteName } from "../quote.ts";

interface Queryable {
  query(config: { text: string; values: Parameter[]; rowMode: "array" }): Promise<{ rows: unknown[][] }>;
}

/** What is used of a client that a pool gives. */
interface PooledClient extends Queryable {
  on(event: "notification", listener: (message: { payload?: string }) => void): unknown;
  on(event: "error" | "end", listener: () => void): unknown;
  release(destroy?: boolean): void;
}

/** What is used of a pool of node-postgres. */
export interface NodePostgresPool extends Queryable {
  connect(): Promise<PooledClient>;
  on(event: "error", listener: (error: Error) => void): unknown;
  readonly options: { host?: string; port?: number; database?: string; connectionString?: string };
}

/** Whether a value is a pool of node-postgres, judged by its shape. */
export function isNodePostgresPool(value: unknown): value is NodePostgresPool {
  return (
    ["query", "connect", "end", "on"].every((name) => typeof readField(value, name) === "function") &&
    typeof readField(value, "totalCount") === "number"
  );
}

const relistenMs = 250;
const maxRelistenMs = 5_000;

/** Pools with a listener for errors. One is enough for all stores that use the pool. */
const heard = new WeakSet<NodePostgresPool>();

/** A pool of node-postgres, as the store uses it. It is never closed: it belongs to the caller. */
export class NodePostgresClient implements PgClient {
  readonly library = "node-postgres";
  readonly name: string;
  readonly #pool: NodePostgresPool;

  constructor(pool: NodePostgresPool) {
    this.#pool = pool;
    this.name = nameOf(pool.options);
    // A pool without a listener ends the process when an idle connection breaks.
    if (!heard.has(pool)) pool.on("error", () => {});
    heard.add(pool);
  }

  query(sql: string, params: readonly Parameter[] = []): Promise<(string | null)[]> {
    return run(this.#pool, sql, params);
  }

  async listen(channel: string, options: ListenOptions): Promise<Listening> {
    const closed = new AbortController();
    let release = () => {};
    const connect = async () => {
      const client = await this.#pool.connect();
      let isReleased = false;
      release = () => {
        if (!isReleased) client.release(true);
        isReleased = true;
      };
      const onLost = () => {
        if (isReleased) return;
        release();
        void reconnect();
      };
      client.on("notification", ({ payload }) => options.onMessage(payload ?? ""));
      client.on("error", onLost);
      client.on("end", onLost);
      try {
        await run(client, `LISTEN ${quoteName(channel)}`, []);
      } catch (error) {
        release();
        throw error;
      }
      // It may have been closed meanwhile.
      if (closed.signal.aborted) release();
      else options.onListening();
    };
    const reconnect = async () => {
      for (let pauseMs = relistenMs; !closed.signal.aborted; pauseMs = Math.min(2 * pauseMs, maxRelistenMs)) {
        try {
          await sleep(pauseMs, closed.signal);
          return await connect();
        } catch {
          // The database may be away; it is tried again.
        }
      }
    };
    await connect();
    return {
      close: async () => {
        closed.abort();
        release();
      },
    };
  }

  async close(): Promise<void> {}
}

async function run(queryable: Queryable, text: string, values: readonly Parameter[]): Promise<(string | null)[]> {
  const { rows } = await queryable.query({ text, values: [...values], rowMode: "array" });
  return rows.map((row) => (row[0] as string | null) ?? null);
}

function nameOf({ host, port, database, connectionString }: NodePostgresPool["options"]): string {
  if (connectionString !== undefined && URL.canParse(connectionString)) {
    const url = new URL(connectionString);
    return `${decodeURIComponent(url.pathname.slice(1))} at ${url.host || url.searchParams.get("host") || "localhost"}`;
  }
  return `${database ?? process.env.PGDATABASE ?? "postgres"} at ${host ?? process.env.PGHOST ?? "localhost"}:${port ?? 5432}`;
}
