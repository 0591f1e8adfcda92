import type { SmithersError } from "../errors/index.ts";

export interface StoredOutput {
  readonly nodeId: string;
  readonly iteration: number;
  readonly schemaKey: string;
  /** Hash of the schema that validated the value. */
  readonly schemaHash: string;
  /** The stored value, read by the workflow's current schema; see {@link currentValue}. */
  readonly value: unknown;
  /** Why the stored value does not fit the current schema. */
  readonly misfit?: SmithersError;
}

/**
 * The value of an output.
 * @throws STORED_VALUE_OUTDATED when it does not fit the workflow's current schema
 */
export function currentValue({ value, misfit }: StoredOutput): unknown {
  if (misfit) throw misfit;
  return value;
}
