import { isSmithersError, messageOf, SmithersError } from "../../errors/index.ts";
import { withTimeout } from "../../timing/index.ts";
import type { StoreDescription } from "../snapshots.ts";
import type { Database } from "./database.ts";
import { probeWrite } from "./operations/leases.ts";
import { sizeBytes } from "./queries/runs.ts";
import type { PostgresWriter } from "./writer.ts";

const answerWithinMs = 5_000;

/** @throws the reason why the database refuses writes, or does not answer */
export async function checkDatabase(database: Database, writer: PostgresWriter): Promise<void> {
  if (database.damage) throw database.damage;
  if (writer.trouble) await writer.write(probeWrite).catch(() => {});
  if (writer.trouble) throw writer.trouble;
  const late = () => new SmithersError("DB_UNAVAILABLE", `The database ${database.client.name} does not answer.`);
  const standby = await withTimeout(answerWithinMs, database.texts("SELECT pg_is_in_recovery()::text"), late);
  if (standby[0] === "true") {
    throw new SmithersError("DB_READ_ONLY", "The database server is a standby.", { advice: "Connect to the primary." });
  }
}

export async function describeDatabase(
  database: Database,
  version: number,
  integrity: boolean,
): Promise<StoreDescription> {
  const found = await database.one<{ sizeBytes: number; server: string; commit: string }>(
    `SELECT json_build_object('sizeBytes', ${sizeBytes("$1::text")}, 'server', current_setting('server_version'),
      'commit', current_setting('synchronous_commit'))::text`,
    database.schema,
  );
  const { client, schema } = database;
  return {
    kind: "Postgres",
    name: client.name,
    version,
    sizeBytes: found.sizeBytes,
    settings: {
      schema,
      "server version": found.server,
      "synchronous commit": found.commit,
      client: client.library,
    },
    ...(integrity ? { damage: await findDamage(database) } : {}),
  };
}

/** Reads every row of every table. */
async function findDamage(database: Database): Promise<string | null> {
  const names = await database.texts(
    `SELECT c.relname FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
     WHERE s.nspname = $1::text AND c.relkind = 'r' AND starts_with(c.relname, '_smithers_')`,
    database.schema,
  );
  for (const name of names) {
    try {
      await database.textsOfLong(`SELECT coalesce(max(hashtext(t::text)), 0)::text FROM ${name} t`);
    } catch (error) {
      if (isSmithersError(error) && error.code === "DB_CORRUPT") return `${name}: ${messageOf(error.cause)}`;
      throw error;
    }
  }
  return null;
}
