import { currentValue, type StoredOutput } from "./stored-output.ts";

interface Rows {
  readonly rows: unknown[];
  /** The value that each row was made from: another version of the workflow may read it differently. */
  readonly values: unknown[];
}

const made = new WeakMap<readonly StoredOutput[], Rows>();

/**
 * Outputs as rows: their fields, and the node and iteration that produced them. A row is made once, for a workflow may
 * ask for thousands of them at each rendering.
 * @throws STORED_VALUE_OUTDATED when one does not fit the workflow's current schema
 */
export function rowsOf(outputs: readonly StoredOutput[]): unknown[] {
  let known = made.get(outputs);
  if (!known) made.set(outputs, (known = { rows: [], values: [] }));
  const { rows, values } = known;
  for (let index = 0; index < outputs.length; index += 1) {
    const output = outputs[index]!;
    const value = currentValue(output);
    if (index < rows.length && values[index] === value) continue;
    values[index] = value;
    rows[index] = toRow(output, value);
  }
  // The author may sort it.
  return rows.slice(0, outputs.length);
}

/** Lets the rows of a list of outputs be collected. */
export function forgetRows(outputs: readonly StoredOutput[]): void {
  made.delete(outputs);
}

function toRow({ nodeId, iteration }: StoredOutput, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return { nodeId, iteration, ...value };
}
