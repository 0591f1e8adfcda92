import type { z } from "zod";
import { SmithersError } from "../errors/index.ts";
import { plainIssues, summary } from "../model/index.ts";
import type { OutputSchema } from "./outputs.ts";
import { storedFormOf } from "./stored-form.ts";

/** What is stored, read by the schema that the workflow has now. */
export type ReadValue = { readonly value: unknown; readonly misfit?: undefined } | { readonly misfit: SmithersError };

/**
 * Reads a value back that JSON has kept. One that was validated by this version of the schema is taken as it is, but for
 * Dates; an older one is parsed: defaults apply, and transforms, which are in the value already, do not.
 * @param hash of the schema that has validated the value
 */
export async function readStored(
  { schema, hash }: OutputSchema,
  stored: { readonly value: unknown; readonly hash: string },
  misfit: (issues: ReturnType<typeof plainIssues>) => SmithersError,
): Promise<ReadValue> {
  const form = storedFormOf(schema);
  if (stored.hash === hash && !form.isConverted) return { value: stored.value };
  const parsed = await form.schema.safeParseAsync(stored.value);
  return parsed.success ? { value: parsed.data } : { misfit: misfit(plainIssues(parsed.error)) };
}

/** Reads a value back that this version of the schema has just validated. */
export async function readFresh({ schema }: Pick<OutputSchema, "schema">, json: string): Promise<unknown> {
  const value: unknown = JSON.parse(json);
  const form = storedFormOf(schema);
  return form.isConverted ? await form.schema.parseAsync(value) : value;
}

/** As {@link readStored}, while a frame is rendered: a schema with asynchronous checks leaves the value as it is. */
export function readStoredNow(
  { schema, hash }: OutputSchema,
  stored: { readonly value: unknown; readonly hash: string },
  misfit: (issues: ReturnType<typeof plainIssues>) => SmithersError,
): unknown {
  const form = storedFormOf(schema);
  if (stored.hash === hash && !form.isConverted) return stored.value;
  let parsed: z.ZodSafeParseResult<unknown>;
  try {
    parsed = form.schema.safeParse(stored.value);
  } catch {
    return stored.value;
  }
  if (parsed.success) return parsed.data;
  throw misfit(plainIssues(parsed.error));
}

/** Why an output cannot be used any more. */
export function outdatedOutput(
  output: { readonly nodeId: string; readonly iteration: number; readonly schemaKey: string },
  issues: ReturnType<typeof plainIssues>,
): SmithersError {
  const { nodeId, iteration, schemaKey } = output;
  return new SmithersError(
    "STORED_VALUE_OUTDATED",
    `The stored output of "${nodeId}" does not fit "${schemaKey}" any more: ${summary(issues)}.`,
    { details: { nodeId, iteration, output: schemaKey, issues } },
  );
}

/** Why a run's input cannot be used any more. */
export function outdatedInput(issues: ReturnType<typeof plainIssues>): SmithersError {
  return new SmithersError(
    "STORED_VALUE_OUTDATED",
    `The run's input does not fit the workflow's input schema any more: ${summary(issues)}.`,
    { details: { issues } },
  );
}
