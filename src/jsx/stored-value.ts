import type { z } from "zod";
import { SmithersError } from "../errors/index.ts";
import { plainIssues, summary } from "../model/index.ts";
import type { OutputSchema } from "./outputs.ts";
import { storedFormOf } from "./stored-form.ts";

/** A stored value, read by the workflow's current schema. */
export type ReadValue = { readonly value: unknown; readonly misfit?: undefined } | { readonly misfit: SmithersError };

/**
 * Reads a stored value. A value that this version of the schema has validated is used as it is, except for Dates. An
 * older one is parsed: defaults apply, but transforms do not, because they were applied before it was stored.
 * @param hash hash of the schema that validated the value
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

/** An output whose value comes from outside, as JSON: an ISO text is a Date where the schema wants one. */
export const fromJson = (output: OutputSchema): OutputSchema => ({
  ...output,
  schema: storedFormOf(output.schema).fromJson,
});

type Issues = ReturnType<typeof plainIssues>;

/**
 * Why a value that a schema has validated would be read back as something else; undefined for one that would not. Most
 * schemas need no promise for that.
 */
export function misreadIssues(schema: z.ZodType, value: unknown): Promise<Issues | undefined> | undefined {
  const { storable } = storedFormOf(schema);
  return storable?.safeParseAsync(value).then((parsed) => (parsed.success ? undefined : plainIssues(parsed.error)));
}

/** Reads a value that this version of the schema has just validated; returns a promise of it where the schema needs one. */
export function readFresh({ schema }: Pick<OutputSchema, "schema">, json: string): unknown {
  const value: unknown = JSON.parse(json);
  const form = storedFormOf(schema);
  return form.isConverted ? form.schema.parseAsync(value) : value;
}

/**
 * Like {@link readStored}, but synchronous, for rendering: a schema with asynchronous checks leaves the value as it is.
 */
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

/** The error for an output that can no longer be used. */
export function outdatedOutput(
  output: { readonly nodeId: string; readonly iteration: number; readonly schemaKey: string },
  issues: ReturnType<typeof plainIssues>,
): SmithersError {
  const { nodeId, iteration, schemaKey } = output;
  return new SmithersError(
    "STORED_VALUE_OUTDATED",
    `The stored output of "${nodeId}" no longer fits "${schemaKey}": ${summary(issues)}.`,
    { details: { nodeId, iteration, output: schemaKey, issues } },
  );
}

/** The error for a run's input that can no longer be used. */
export function outdatedInput(issues: ReturnType<typeof plainIssues>): SmithersError {
  return new SmithersError(
    "STORED_VALUE_OUTDATED",
    `The run's input no longer fits the workflow's input schema: ${summary(issues)}.`,
    {
      advice:
        "Let the schema accept what is stored, for example with a default, and resume the run; or start a new run.",
      details: { issues },
    },
  );
}
