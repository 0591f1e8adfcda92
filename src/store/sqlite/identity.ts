import type { Driver } from "../../runtime/index.ts";

/** The identity of a database; undefined when it has none of our tables, or only those of an earlier release. */
export function databaseIdOf(driver: Driver): string | undefined {
  const known = driver.get("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_smithers_identity'");
  if (!known) return undefined;
  return driver.get<{ databaseId: string }>("SELECT database_id AS databaseId FROM _smithers_identity")?.databaseId;
}

/** Gives a database another identity. */
export function setIdentity(driver: Driver, databaseId: string): void {
  driver.run("UPDATE _smithers_identity SET database_id = ?", databaseId);
}
