import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { openStore } from "../../src/store/index.ts";
import { folder } from "../support/folder.ts";
import { openedAtOnce } from "../support/opened-at-once.ts";
import { database } from "../support/run.ts";

/** What a file holds: its tables and indexes, and the versions that were reached. */
function contents(file: string) {
  const db = new Database(file);
  const objects = db.query("SELECT type, name, sql FROM sqlite_master ORDER BY name").all();
  const versions = db.query("SELECT version FROM _smithers_migrations ORDER BY version").values().flat() as number[];
  db.close();
  return { objects, versions };
}

test("a file that does not exist yet, also in a folder that does not, gets the current tables", async () => {
  const file = join(folder(), "new/deep/smithers.db");
  await (await openStore(file)).close();
  const { objects, versions } = contents(file);
  expect(objects.length).toBeGreaterThan(20);
  expect(versions).toEqual(versions.map((_, index) => index + 1));
  expect(versions.length).toBeGreaterThan(0);
});

test("a database of the current version is left as it is", async () => {
  const file = database();
  await (await openStore(file)).close();
  const before = contents(file);
  await (await openStore(file)).close();
  expect(contents(file)).toEqual(before);
});

test("a database with tables of another program gets ours next to them", async () => {
  const file = database();
  const db = new Database(file, { create: true });
  db.run("CREATE TABLE users (name TEXT)");
  db.run("INSERT INTO users VALUES ('Ann')");
  db.close();
  await (await openStore(file)).close();
  const after = new Database(file);
  expect(after.query("SELECT name FROM users").values()).toEqual([["Ann"]]);
  after.close();
});

test("a database of a later release is refused with both versions, and left untouched", async () => {
  const file = database();
  await (await openStore(file)).close();
  const db = new Database(file);
  db.run("INSERT INTO _smithers_migrations VALUES (9000, 1)");
  db.close();
  const before = contents(file);
  await expect(openStore(file)).rejects.toThrow(
    expect.objectContaining({ code: "DB_TOO_NEW", details: { version: 9000, supported: expect.any(Number) } }),
  );
  await expect(openStore(file)).rejects.toThrow(/Upgrade smithers-orchestrator/);
  expect(contents(file)).toEqual(before);
});

test("several processes may open a new database at once, and it is migrated once", async () => {
  const file = join(folder(), "smithers.db");
  expect(await openedAtOnce(file, 3)).toEqual([0, 0, 0]);
  const { versions } = contents(file);
  expect(versions).toEqual([...new Set(versions)]);
});
