import type { Driver } from "../../../runtime/index.ts";
import type { SchemaRecord } from "../../requests.ts";

const reserved = new Set(["run_id", "node_id", "iteration"]);

/**
 * Records an output schema, and creates the view that makes `select * from <key>` read its outputs. When workflows use
 * one key for different shapes, the view has the columns of all of them. An output without fields, such as a text or a
 * list, is in the column `value`.
 */
export function registerSchema(driver: Driver, schema: SchemaRecord): void {
  const isNew = driver.run(
    "INSERT OR IGNORE INTO _smithers_schemas (schema_key, schema_hash, columns_json) VALUES (?, ?, ?)",
    schema.key,
    schema.hash,
    JSON.stringify(schema.columns),
  );
  if (isNew === 1) renewView(driver, schema.key);
}

function renewView(driver: Driver, key: string): void {
  if (key === "" || key.includes("\0") || /^(sqlite_|_smithers_)/i.test(key)) return;
  const existing = driver.get<{ type: string; sql: string }>(
    "SELECT type, sql FROM sqlite_master WHERE name = ? COLLATE NOCASE",
    key,
  );
  // A user's own table keeps its name; the outputs can still be read from _smithers_outputs.
  if (existing && !(existing.type === "view" && existing.sql.includes("_smithers_outputs"))) return;
  // SQLite ignores case in the names of views, so keys that differ only in case share one.
  const shapes = driver.all<{ key: string; columns: string }>(
    `SELECT schema_key AS key, columns_json AS columns FROM _smithers_schemas
     WHERE schema_key = ? COLLATE NOCASE ORDER BY schema_key, schema_hash`,
    key,
  );
  const keys = [...new Set(shapes.map((shape) => shape.key))];
  const fields = shapes.map((shape) => JSON.parse(shape.columns) as string[]);
  const columns = uniqueColumns(fields.flat()).map((name) => {
    const column = reserved.has(name.toLowerCase()) ? `output_${name}` : name;
    return `json_extract(json, ${quoteText(`$."${name}"`)}) AS ${quoteName(column)}`;
  });
  const isWhole = fields.some((names) => names.length === 0) && !fields.flat().some((name) => /^value$/i.test(name));
  if (isWhole) columns.push("json_extract(json, '$') AS value");
  driver.exec(`DROP VIEW IF EXISTS ${quoteName(key)}`);
  driver.exec(
    `CREATE VIEW ${quoteName(key)} AS SELECT ${["run_id", "node_id", "iteration", ...columns].join(", ")} ` +
      `FROM _smithers_outputs WHERE schema_key IN (${keys.map(quoteText).join(", ")})`,
  );
}

/** SQLite allows at most 2000 columns, https://www.sqlite.org/limits.html */
const maxColumns = 1_000;

/** SQLite ignores case in column names, and a JSON path cannot contain a quote. */
function uniqueColumns(names: string[]): string[] {
  const seen = new Set<string>();
  return names.filter((name) => {
    const folded = name.toLowerCase();
    if (seen.size >= maxColumns || seen.has(folded) || /["\0]/.test(name)) return false;
    seen.add(folded);
    return true;
  });
}

const quoteName = (name: string) => `"${name.replaceAll('"', '""')}"`;
const quoteText = (text: string) => `'${text.replaceAll("'", "''")}'`;
