import { basename } from "node:path";
import { SmithersError } from "../../../errors/index.ts";
import type { Driver } from "../../../runtime/index.ts";
import { faultPoint } from "../../fault.ts";
import { setIdentity } from "../identity.ts";
import { rollBack } from "../roll-back.ts";
import { foundation } from "./0001-foundation.ts";
import { lostAttempts } from "./0002-lost-attempts.ts";
import { wakeFailure } from "./0003-wake-failure.ts";
import { stacks } from "./0004-stacks.ts";
import { steadyWakes } from "./0005-steady-wakes.ts";
import { identity } from "./0006-identity.ts";
import { agentReportIndex } from "./0007-agent-reports.ts";
import { lineage } from "./0008-lineage.ts";
import { answers } from "./0009-answers.ts";
import { queued } from "./0010-queued.ts";
import { agentTalk } from "./0011-agent-talk.ts";
import { cheapConditions } from "./0012-cheap-conditions.ts";

/** In order: a migration's number is its position, counted from 1. Forward only: never edit a released one. */
const migrations: readonly string[] = [
  foundation,
  lostAttempts,
  wakeFailure,
  stacks,
  steadyWakes,
  identity,
  agentReportIndex,
  lineage,
  answers,
  queued,
  agentTalk,
  cheapConditions,
];

/**
 * Brings a database to this release's tables. Several processes may call it at once.
 * @param databaseId the identity of a new database; default: a random one
 * @throws DB_TOO_NEW when a later release has migrated the database
 */
export function migrate(driver: Driver, nowMs: number, databaseId?: string): void {
  if (currentVersion(driver) === migrations.length) return;
  driver.exec("BEGIN IMMEDIATE");
  try {
    faultPoint("migration");
    driver.exec(
      "CREATE TABLE IF NOT EXISTS _smithers_migrations (version INTEGER PRIMARY KEY, applied_at_ms INTEGER NOT NULL) STRICT",
    );
    const version = currentVersion(driver);
    if (version === 0) refusePublishedDatabase(driver);
    if (version > migrations.length) throw tooNew(driver.filename, version);
    migrations.slice(version).forEach((sql, index) => {
      driver.exec(sql);
      driver.run("INSERT INTO _smithers_migrations VALUES (?, ?)", version + index + 1, nowMs);
    });
    if (version === 0 && databaseId !== undefined) setIdentity(driver, databaseId);
    driver.exec("COMMIT");
  } catch (error) {
    rollBack(driver);
    throw error;
  }
}

/** The published package of the same name keeps its runs in tables of the same names and other columns. */
function refusePublishedDatabase(driver: Driver): void {
  const theirs = driver.get("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_smithers_runs'");
  if (!theirs) return;
  throw new SmithersError(
    "DB_OF_PUBLISHED_PACKAGE",
    `The database ${basename(driver.filename)} belongs to the published package of this name; nothing in it was changed.`,
  );
}

function currentVersion(driver: Driver): number {
  const known = driver.get("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_smithers_migrations'");
  if (!known) return 0;
  return driver.get<{ version: number }>("SELECT coalesce(max(version), 0) AS version FROM _smithers_migrations")!
    .version;
}

function tooNew(filename: string, version: number): SmithersError {
  return new SmithersError(
    "DB_TOO_NEW",
    `The database ${basename(filename)} has version ${version}, but this release supports only version ${migrations.length}.`,
    { details: { version, supported: migrations.length } },
  );
}
