import { SmithersError } from "../../errors/index.ts";
import { keepSecret } from "../../text/index.ts";
import type { OpenOptions } from "../open.ts";
import { one, type PgClient } from "./client.ts";
import { ConnectedClient } from "./clients/connected.ts";
import { Hosts } from "./clients/hosts.ts";
import { borrowClient } from "./clients/index.ts";
import { type ConnectPostgresJs, loadPostgresJs } from "./clients/postgres-js.ts";
import { fromPostgresError, sqlState } from "./errors.ts";
import { lockWaitMs, readWithinMs, writeWithinMs } from "./limits.ts";
import { currentVersion, migrateSchema } from "./migrations/index.ts";
import { PostgresStore } from "./postgres-store.ts";
import { quoteName } from "./quote.ts";
import { tryAgain } from "./try-again.ts";
import { defaultSchema, parseAddress } from "./url.ts";

/** Connections of a store: one writes, these read. One more listens, and one shows that the server lives. */
const readers = 4;
const connectTimeoutS = 5;
/** A connection on which nothing happens is probed after this time, and closed ten unanswered seconds later. */
const keepAliveS = 5;
const leastVersion = 130_000;

/** How long to wait before a lost connection is made again, in seconds. */
const backoff = (tries: number) => Math.min(0.02 * 2 ** tries, 1) * (0.5 + Math.random() / 2);

/** Lets Postgres notice by itself that a client's host has gone, and free what it holds. Milliseconds and seconds. */
const noticesLoss = {
  tcp_keepalives_idle: 4,
  tcp_keepalives_interval: 1,
  tcp_keepalives_count: 3,
  tcp_user_timeout: 5_000,
};
/** What limits statements, in ms: a lock that an administrator holds, or a runaway plan, hangs no server. */
const writerLimits = { lock_timeout: lockWaitMs, statement_timeout: writeWithinMs };
const readerLimits = { lock_timeout: lockWaitMs, statement_timeout: readWithinMs };

/** Errors of a pooler that takes no settings in the first message, and of a server that does not know one. */
const refusesSettings = (thrown: unknown) => ["08P01", "42704", "0A000"].includes(sqlState(thrown) ?? "");

interface Clients {
  readonly writer: PgClient;
  readonly reader: PgClient;
  /** For statements that may take long. */
  readonly patient: PgClient;
  readonly keeper: PgClient | undefined;
}

/**
 * Opens a schema of a Postgres database, and creates it if necessary.
 * @param source an address, or the client of a Drizzle database, which is used and not closed
 */
export async function openPostgres(source: string | object, options: OpenOptions): Promise<PostgresStore> {
  if (typeof source !== "string") {
    const client = borrowClient(source)!;
    const clients = { writer: client, reader: client, patient: client, keeper: undefined };
    return openSchema(clients, options.schema ?? defaultSchema, options);
  }
  const { urls, schema, password } = parseAddress(source, options.schema);
  if (password !== undefined) keepSecret(password);
  const connect = await loadPostgresJs();
  const hosts = new Hosts(urls);
  let clients = connectAll(connect, hosts, true);
  try {
    const { reader } = clients;
    if (hosts.count > 1) await findPrimary(reader, hosts);
    else await tryAgain(() => one(reader, "SELECT '1'"));
  } catch (error) {
    await closeAll(clients);
    if (!refusesSettings(error)) throw fromPostgresError(error);
    clients = connectAll(connect, hosts, false);
  }
  return openSchema(clients, schema, options);
}

function connectAll(connect: ConnectPostgresJs, hosts: Hosts, hasSettings: boolean): Clients {
  const client = (max: number, settings: Readonly<Record<string, number>>, idleS?: number) =>
    new ConnectedClient({
      hosts,
      connect: (url) =>
        connect(url, {
          max,
          backoff,
          connect_timeout: connectTimeoutS,
          keep_alive: keepAliveS,
          ...(idleS === undefined ? {} : { idle_timeout: idleS }),
          fetch_types: false,
          // The lock of a connection must not be lost only because the connection is old.
          max_lifetime: null,
          connection: { application_name: "smithers", ...(hasSettings ? { ...noticesLoss, ...settings } : {}) },
        }),
    });
  return {
    writer: client(1, writerLimits),
    reader: client(readers, readerLimits),
    patient: client(1, {}, 10),
    keeper: client(1, {}),
  };
}

async function openSchema(clients: Clients, schema: string, options: OpenOptions): Promise<PostgresStore> {
  try {
    const { id, version } = await tryAgain(() => prepareSchema(clients, schema, options));
    return new PostgresStore({ ...clients, schema, id: `postgres:${id}`, version });
  } catch (error) {
    await closeAll(clients);
    throw fromPostgresError(error);
  }
}

async function prepareSchema({ reader, patient }: Clients, schema: string, { existing }: OpenOptions) {
  await check(reader);
  if (existing && (await currentVersion(reader, schema)) === 0) {
    throw new SmithersError("DB_NOT_FOUND", `The database ${reader.name} has no runs in the schema "${schema}".`);
  }
  await migrateSchema(patient, schema, Date.now());
  const id = await one(
    reader,
    `SELECT database_id || '/' || current_database() FROM ${quoteName(schema)}._smithers_identity`,
  );
  return { id, version: await currentVersion(reader, schema) };
}

async function closeAll(clients: Clients): Promise<void> {
  await Promise.all(Object.values(clients).map((client: PgClient | undefined) => client?.close())).catch(() => {});
}

/** Goes to the server that takes writes, if the address names several. Without one, stays with a standby. */
async function findPrimary(client: PgClient, hosts: Hosts): Promise<void> {
  let standby: string | undefined;
  let failure: unknown;
  for (let left = hosts.count; left > 0; left -= 1) {
    const { url } = hosts;
    try {
      if ((await one(client, "SELECT pg_is_in_recovery()::text")) === "false") return;
      standby = url;
    } catch (error) {
      failure = error;
    }
    hosts.leave(url);
  }
  if (standby === undefined) throw failure;
  while (hosts.url !== standby) hosts.leave(hosts.url);
}

async function check(client: PgClient): Promise<void> {
  const [version, encoding] = (await one(
    client,
    "SELECT current_setting('server_version_num') || ' ' || current_setting('server_encoding')",
  ))!.split(" ");
  if (Number(version) < leastVersion) {
    throw new SmithersError("DB_UNAVAILABLE", `The database ${client.name} runs a version before Postgres 13.`, {
      advice: "Upgrade the database server.",
    });
  }
  if (encoding !== "UTF8") {
    throw new SmithersError("DB_UNAVAILABLE", `The database ${client.name} has the encoding ${encoding}.`, {
      advice: "Create one with the encoding UTF8.",
    });
  }
}
