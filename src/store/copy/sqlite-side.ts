import { isSmithersError } from "../../errors/index.ts";
import { type Driver, runtime, type SqlValue } from "../../runtime/index.ts";
import type { SchemaRecord } from "../requests.ts";
import { databaseIdOf } from "../sqlite/identity.ts";
import { oneRow } from "../sqlite/one-row.ts";
import { rollBack } from "../sqlite/roll-back.ts";
import { type CopySide, databaseInUse, markTable } from "./side.ts";
import { type CopiedRow, type CopiedTable, uncopiedColumns } from "./tables.ts";

/** A tree's count of uses is apart from it. */
const treeColumns = ["tree_no", "tree_hash", "xml_hash", "base_no", "depth", "json"];
const trees = `(SELECT t.tree_no, u.tree_hash, t.xml_hash, t.base_no, u.depth, t.json
  FROM _smithers_trees t JOIN _smithers_tree_uses u ON u.tree_no = t.tree_no)`;

/**
 * Opens a file that has the tables of this release, for this process alone.
 * @throws DB_BUSY when another process has it open
 */
export function openSqliteSide(file: string): CopySide {
  const driver = runtime.sqlite.open(file);
  try {
    // Set before the first read, so that the file is locked for as long as the connection is open.
    driver.exec("PRAGMA busy_timeout = 1000");
    driver.exec("PRAGMA locking_mode = EXCLUSIVE");
    driver.exec("BEGIN IMMEDIATE");
    driver.exec("COMMIT");
    return new SqliteSide(driver);
  } catch (thrown) {
    driver.close();
    const error = runtime.sqlite.toStoreError(thrown);
    throw isSmithersError(error) && error.code === "DB_BUSY" ? databaseInUse(file) : error;
  }
}

class SqliteSide implements CopySide {
  readonly name: string;
  readonly id: string;
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
    this.name = driver.filename;
    this.id = databaseIdOf(driver)!;
  }

  async columnsOf({ name }: CopiedTable): Promise<readonly string[]> {
    if (name === "trees") return treeColumns;
    const rows = this.#driver.all<{ name: string }>("SELECT name FROM pragma_table_info(?)", `_smithers_${name}`);
    return rows.map((row) => row.name).filter((column) => !uncopiedColumns.has(`${name}.${column}`));
  }

  async count({ name }: CopiedTable): Promise<number> {
    return oneRow<{ count: number }>(this.#driver, `SELECT count(*) AS count FROM _smithers_${name}`).count;
  }

  async rowsAfter(table: CopiedTable, columns: readonly string[], after: CopiedRow | undefined, limit: number) {
    const key = table.key.join(", ");
    const where = after ? `WHERE (${key}) > (${after.map(() => "?").join(", ")})` : "";
    const rows = this.#driver.all<Record<string, SqlValue>>(
      `SELECT ${columns.join(", ")} FROM ${this.#source(table)} ${where} ORDER BY ${key} LIMIT ?`,
      ...(after ?? []),
      limit,
    );
    return rows.map((row) => columns.map((column) => row[column]!));
  }

  async lastKey(table: CopiedTable): Promise<CopiedRow | undefined> {
    const order = table.key.map((column) => `${column} DESC`).join(", ");
    const row = this.#driver.get<Record<string, SqlValue>>(
      `SELECT ${table.key.join(", ")} FROM ${this.#source(table)} ORDER BY ${order} LIMIT 1`,
    );
    return row && table.key.map((column) => row[column]!);
  }

  async insert(table: CopiedTable, columns: readonly string[], rows: readonly CopiedRow[]): Promise<void> {
    this.#transaction(() => {
      for (const row of rows) {
        if (table.name === "trees") this.#insertTree(row);
        else this.#insertRow(table.name, columns, row);
      }
    });
  }

  async schemas(): Promise<readonly SchemaRecord[]> {
    return this.#driver
      .all<{ key: string; hash: string; columns: string }>(
        "SELECT schema_key AS key, schema_hash AS hash, columns_json AS columns FROM _smithers_schemas",
      )
      .map(({ key, hash, columns }) => ({ key, hash, columns: JSON.parse(columns) }));
  }

  async unfinishedFrom(): Promise<string | undefined> {
    if (!this.#driver.get("SELECT 1 FROM sqlite_master WHERE name = ?", markTable)) return undefined;
    return this.#driver.get<{ source: string }>(`SELECT source FROM ${markTable}`)?.source;
  }

  async begin(sourceId: string): Promise<void> {
    this.#transaction(() => {
      this.#driver.exec(`CREATE TABLE IF NOT EXISTS ${markTable} (source TEXT PRIMARY KEY) STRICT`);
      this.#driver.run(`INSERT INTO ${markTable} VALUES (?)`, sourceId);
    });
  }

  async settle(): Promise<void> {
    this.#transaction(() =>
      this.#driver.exec(
        `UPDATE _smithers_tree_uses SET uses =
           (SELECT count(*) FROM _smithers_frames f WHERE f.tree_no = _smithers_tree_uses.tree_no)
           + (SELECT count(*) FROM _smithers_trees t WHERE t.base_no = _smithers_tree_uses.tree_no)`,
      ),
    );
  }

  async finish(): Promise<void> {
    this.#driver.exec(`DROP TABLE IF EXISTS ${markTable}`);
  }

  async close(): Promise<void> {
    this.#driver.close();
  }

  #source({ name }: CopiedTable): string {
    return name === "trees" ? trees : `_smithers_${name}`;
  }

  #insertRow(table: string, columns: readonly string[], row: CopiedRow): void {
    const places = columns.map(() => "?").join(", ");
    this.#driver.run(
      `INSERT INTO _smithers_${table} (${columns.join(", ")}) VALUES (${places}) ON CONFLICT DO NOTHING`,
      ...row,
    );
  }

  #insertTree([treeNo, treeHash, xmlHash, baseNo, depth, json]: CopiedRow): void {
    this.#insertRow("trees", ["tree_no", "xml_hash", "base_no", "json"], [treeNo!, xmlHash!, baseNo!, json!]);
    this.#insertRow("tree_uses", ["tree_no", "tree_hash", "depth", "uses"], [treeNo!, treeHash!, depth!, 0]);
  }

  #transaction(body: () => void): void {
    this.#driver.exec("BEGIN IMMEDIATE");
    try {
      body();
      this.#driver.exec("COMMIT");
    } catch (error) {
      rollBack(this.#driver);
      throw runtime.sqlite.toStoreError(error);
    }
  }
}
