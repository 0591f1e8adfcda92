import { SmithersError } from "../../../errors/index.ts";
import { faultPoint } from "../../fault.ts";
import { one, type PgClient } from "../client.ts";
import { quoteName, quoteText } from "../quote.ts";
import { postgresTables } from "./0001-foundation.ts";
import { postgresFunctions } from "./0002-functions.ts";
import { postgresPulse } from "./0003-pulse.ts";
import { postgresAgentReports } from "./0004-agent-reports.ts";
import { postgresLineage } from "./0005-lineage.ts";
import { postgresAnswers } from "./0006-answers.ts";
import { postgresQueued } from "./0007-queued.ts";
import { postgresAgentTalk } from "./0008-agent-talk.ts";
import { postgresHandledFailures } from "./0009-handled-failures.ts";
import { postgresBatches } from "./0010-batches.ts";

/** In order: a migration's number is its position, counted from 1. Forward only: never edit a released one. */
const migrations: readonly string[] = [
  postgresTables,
  postgresFunctions,
  postgresPulse,
  postgresAgentReports,
  postgresLineage,
  postgresAnswers,
  postgresQueued,
  postgresAgentTalk,
  postgresHandledFailures,
  postgresBatches,
];

/**
 * Brings a schema to this release's tables, and creates it if it does not exist. Several servers may call it at once:
 * the first one migrates, the others wait. The role needs no right but to own the schema.
 * @throws DB_TOO_NEW when a later release has migrated the schema
 */
export async function migrateSchema(client: PgClient, schema: string, nowMs: number): Promise<void> {
  const version = await currentVersion(client, schema);
  if (version > migrations.length) throw tooNew(client.name, version);
  if (version === migrations.length) return;
  faultPoint("migration");
  let failure: unknown;
  try {
    await client.query(migrationBlock(schema, nowMs));
  } catch (error) {
    failure = error;
  }
  // Another server may have been faster, perhaps with a later release. Where transactions are serializable by default, one
  // that has waited for it does not see its tables, and fails to create them.
  const after = await currentVersion(client, schema);
  if (failure !== undefined && after < migrations.length) throw failure;
  if (after > migrations.length) throw tooNew(client.name, after);
}

/** Number of a schema's last migration; 0 when it has none. */
export async function currentVersion(client: PgClient, schema: string): Promise<number> {
  const table = `${quoteName(schema)}._smithers_migrations`;
  const known = await one(client, "SELECT to_regclass($1::text)::text", [table]);
  if (known === null) return 0;
  return Number(await one(client, `SELECT coalesce(max(version), 0)::text FROM ${table}`));
}

/** One statement, and so one transaction with any library and any pooler. */
function migrationBlock(schema: string, nowMs: number): string {
  const name = quoteText(quoteName(schema));
  const steps = migrations.map((sql, index) => {
    const version = index + 1;
    return `IF v_version < ${version} THEN
      EXECUTE $migration$${sql}$migration$;
      INSERT INTO _smithers_migrations VALUES (${version}, ${nowMs});
    END IF;`;
  });
  return `DO $block$
  DECLARE
    v_version bigint;
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('smithers migrations'), hashtext(${quoteText(schema)}));
    IF to_regnamespace(${name}) IS NULL THEN CREATE SCHEMA ${quoteName(schema)}; END IF;
    PERFORM set_config('search_path', ${name} || ', pg_temp', true);
    IF to_regclass(${name} || '._smithers_migrations') IS NULL THEN
      CREATE TABLE _smithers_migrations (version bigint PRIMARY KEY, applied_at_ms bigint NOT NULL);
    END IF;
    SELECT coalesce(max(version), 0) INTO v_version FROM _smithers_migrations;
    ${steps.join("\n    ")}
  END;
  $block$`;
}

function tooNew(name: string, version: number): SmithersError {
  return new SmithersError(
    "DB_TOO_NEW",
    `The database ${name} has version ${version}, but this release supports only version ${migrations.length}.`,
    { details: { version, supported: migrations.length }, advice: "Upgrade smithers-orchestrator." },
  );
}
