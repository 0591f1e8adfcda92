import { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { openStore } from "../../src/store/index.ts";
import { onPostgres } from "./database.ts";

const template = onPostgres === undefined ? await emptyDatabase() : undefined;

/**
 * Puts a database with all tables and an identity of its own at a path where no file is. That costs a twentieth of what
 * the migrations cost, which are as expensive as a short run. On Postgres it does nothing.
 */
export function createDatabase(path: string): void {
  if (template === undefined || existsSync(path)) return;
  const bytes = Buffer.from(template.bytes);
  bytes.write(randomBytes(16).toString("hex"), template.identityAt, "latin1");
  writeFileSync(path, bytes, { mode: 0o600 });
}

/** A database that the package has created, as the bytes of its file, and where in it the identity is. */
async function emptyDatabase(): Promise<{ bytes: Buffer; identityAt: number }> {
  const client = new Database(":memory:");
  await (await openStore({ $client: client })).close();
  const { id } = client.query<{ id: string }, []>("SELECT database_id AS id FROM _smithers_identity").get()!;
  const bytes = client.serialize();
  client.close();
  return { bytes, identityAt: bytes.indexOf(id, 0, "latin1") };
}
