import { SmithersError } from "../errors/index.ts";

/** Stands for a large value that is in the database alone, until it is read. */
export const absentValue: unique symbol = Symbol("absent");

export interface StoredOutput {
  readonly nodeId: string;
  readonly iteration: number;
  readonly schemaKey: string;
  /** Hash of the schema that validated the value. */
  readonly schemaHash: string;
  /** The stored value, read by the workflow's current schema, or {@link absentValue}; see {@link currentValue}. */
  readonly value: unknown;
  /** Why the stored value does not fit the current schema. */
  readonly misfit?: SmithersError;
}

/**
 * The value of an output.
 * @throws STORED_VALUE_OUTDATED when it does not fit the workflow's current schema; MISSING_OUTPUT when it must be read
 *   from the database first
 */
export function currentValue({ value, misfit }: StoredOutput): unknown {
  if (misfit) throw misfit;
  if (value === absentValue) throw new SmithersError("MISSING_OUTPUT", "The value is still to be read.");
  return value;
}
