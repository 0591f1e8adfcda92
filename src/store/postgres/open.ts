import { SmithersError } from "../../errors/index.ts";
import { keepSecret } from "../../text/index.ts";
import type { OpenOptions } from "../open.ts";
import { one, type PgClient } from "./client.ts";
import { borrowClient } from "./clients/index.ts";
import { connectPostgresJs, PostgresJsClient } from "./clients/postgres-js.ts";
import { fromPostgresError } from "./errors.ts";
import { currentVersion, migrateSchema } from "./migrations/index.ts";
import { PostgresStore } from "./postgres-store.ts";
import { quoteName } from "./quote.ts";
import { defaultSchema, parseAddress } from "./url.ts";

/** Connections of a store: one writes, these read. One more listens, and one shows that the server lives. */
const readers = 4;
const connectTimeoutS = 5;
const leastVersion = 130_000;

/** How long to wait before a lost connection is made again, in seconds. */
const backoff = (tries: number) => Math.min(0.02 * 2 ** tries, 1) * (0.5 + Math.random() / 2);

/**
 * Opens a schema of a Postgres database, and creates it if necessary.
 * @param source an address, or the client of a Drizzle database, which is used and not closed
 */
export async function openPostgres(source: string | object, options: OpenOptions): Promise<PostgresStore> {
  const { writer, reader, keeper, schema } = await clientsOf(source, options);
  const close = () => Promise.all([writer.close(), reader.close(), keeper?.close()]);
  try {
    await check(reader);
    if (options.existing && (await currentVersion(reader, schema)) === 0) {
      throw new SmithersError("DB_NOT_FOUND", `The database ${reader.name} has no runs in the schema "${schema}".`);
    }
    await migrateSchema(reader, schema, Date.now());
    const id = await one(
      reader,
      `SELECT database_id || '/' || current_database() FROM ${quoteName(schema)}._smithers_identity`,
    );
    const version = await currentVersion(reader, schema);
    return new PostgresStore({ writer, reader, keeper, schema, id: `postgres:${id}`, version });
  } catch (error) {
    await close().catch(() => {});
    throw fromPostgresError(error);
  }
}

async function clientsOf(
  source: string | object,
  options: OpenOptions,
): Promise<{ writer: PgClient; reader: PgClient; keeper?: PgClient; schema: string }> {
  if (typeof source !== "string") {
    const client = borrowClient(source)!;
    return { writer: client, reader: client, schema: options.schema ?? defaultSchema };
  }
  const { url, schema, password } = parseAddress(source, options.schema);
  if (password !== undefined) keepSecret(password);
  const connect = async (max: number) =>
    new PostgresJsClient(
      await connectPostgresJs(url, {
        max,
        backoff,
        connect_timeout: connectTimeoutS,
        fetch_types: false,
        // The lock of a connection must not be lost only because the connection is old.
        max_lifetime: null,
        connection: { application_name: "smithers" },
      }),
      true,
    );
  return { writer: await connect(1), reader: await connect(readers), keeper: await connect(1), schema };
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
