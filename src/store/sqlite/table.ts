import type { Driver, SqlValue } from "../../runtime/index.ts";

type ColumnKind = "value" | "json";

/** How an entity of the model is stored in its table: for each field, the column and whether it holds JSON. */
export interface Table<Entity> {
  /** The columns for a SELECT, in the order of the fields. */
  readonly select: string;
  decode(row: Record<string, unknown>): Entity;
  insert(driver: Driver, entity: Entity): void;
  /** Inserts a row, or replaces all of its columns but the key. */
  upsert(driver: Driver, entity: Entity): void;
}

/**
 * Describes a table once, for reading and writing. The fields in `json` are stored as JSON, in columns with the suffix
 * `_json`.
 */
export function table<Entity extends object>(
  name: string,
  fields: readonly (keyof Entity & string)[],
  options: {
    key: readonly (keyof Entity & string)[];
    json?: readonly (keyof Entity & string)[];
    /** Fields of JSON whose columns are never NULL: there `null` is the JSON. */
    required?: readonly (keyof Entity & string)[];
  },
): Table<Entity> {
  const kindOf = (field: keyof Entity & string): ColumnKind => (options.json?.includes(field) ? "json" : "value");
  const columnOf = (field: keyof Entity & string) => (kindOf(field) === "json" ? `${snake(field)}_json` : snake(field));
  const columns = fields.map(columnOf);
  const insert = `INSERT INTO ${name} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
  const changes = fields
    .filter((field) => !options.key.includes(field))
    .map((field) => `${columnOf(field)} = excluded.${columnOf(field)}`);
  const upsert = `${insert} ON CONFLICT (${options.key.map(columnOf).join(", ")}) DO UPDATE SET ${changes.join(", ")}`;
  const jsonFields = fields.filter((field) => kindOf(field) === "json");
  const isJson = fields.map((field) => kindOf(field) === "json");
  const isRequired = fields.map((field) => options.required?.includes(field) ?? false);

  const encode = (entity: Entity): SqlValue[] =>
    fields.map((field, index) => {
      const value = entity[field];
      if ((value === null && !isRequired[index]) || value === undefined) return null;
      return isJson[index] ? JSON.stringify(value) : (value as SqlValue);
    });

  return {
    select: fields.map((field) => `${columnOf(field)} AS ${field}`).join(", "),
    decode(row) {
      for (const field of jsonFields) {
        const text = row[field];
        if (typeof text === "string") row[field] = JSON.parse(text);
      }
      return row as Entity;
    },
    insert: (driver, entity) => void driver.run(insert, ...encode(entity)),
    upsert: (driver, entity) => void driver.run(upsert, ...encode(entity)),
  };
}

function snake(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
