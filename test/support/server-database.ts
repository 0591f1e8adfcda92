import { Database } from "bun:sqlite";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { databaseOf, onPostgres } from "./database.ts";
import { createDatabase } from "./new-database.ts";

/** {@link databaseOf} as the option `db` of a server that its user has made, and what closes it. */
export function serverDatabase(folder: string) {
  const source = databaseOf(folder);
  if (onPostgres !== undefined) return { db: source, close() {} };
  createDatabase(source);
  const database = new Database(source, { create: true });
  return { db: drizzle(database), close: () => database.close() };
}
