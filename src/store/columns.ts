/** A value in a column that every database has. */
export type ColumnValue = string | number | null;

/** How an entity of the model is stored in its table: for each field, the column and whether it holds JSON. */
export interface Table<Entity> {
  readonly name: string;
  /** In the order of the fields. */
  readonly columns: readonly string[];
  /** The columns of the primary key. */
  readonly key: readonly string[];
  /** The columns for a SELECT, each named as its field. */
  readonly select: string;
  /** The values of the columns. */
  encode(entity: Entity): ColumnValue[];
  /** The columns of some fields, with their values. */
  encodeChange(change: Partial<Entity>): [column: string, value: ColumnValue][];
  /** Turns a row of {@link select} into the entity. */
  decode(row: Record<string, unknown>): Entity;
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
  const isJson = (field: keyof Entity & string) => options.json?.includes(field) ?? false;
  const columnOf = (field: keyof Entity & string) => (isJson(field) ? `${snake(field)}_json` : snake(field));
  const kinds = fields.map((field) => ({
    field,
    column: columnOf(field),
    json: isJson(field),
    required: options.required?.includes(field) ?? false,
  }));
  const jsonFields = fields.filter(isJson);
  return {
    name,
    columns: kinds.map(({ column }) => column),
    key: options.key.map(columnOf),
    select: kinds.map(({ column, field }) => `${column} AS "${field}"`).join(", "),
    encode(entity) {
      const values: ColumnValue[] = [];
      // A loop: this runs for every row that a turn writes.
      for (const kind of kinds) values.push(encoded(kind, entity[kind.field]));
      return values;
    },
    encodeChange(change) {
      const values: [column: string, value: ColumnValue][] = [];
      for (const kind of kinds) {
        if (kind.field in change) values.push([kind.column, encoded(kind, change[kind.field])]);
      }
      return values;
    },
    decode(row) {
      for (const field of jsonFields) {
        const text = row[field];
        if (typeof text === "string") row[field] = JSON.parse(text);
      }
      return row as Entity;
    },
  };
}

function encoded({ json, required }: { json: boolean; required: boolean }, value: unknown): ColumnValue {
  if ((value === null && !required) || value === undefined) return null;
  return json ? JSON.stringify(value) : (value as ColumnValue);
}

function snake(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
