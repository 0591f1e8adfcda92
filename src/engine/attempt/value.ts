import type { z } from "zod";
import { SmithersError } from "../../errors/index.ts";
import { misreadIssues, type OutputSchema, readFresh } from "../../jsx/index.ts";
import { encodeOutput, plainIssues, summary } from "../../model/index.ts";

/** A task's value, as it is stored and as it is read back. */
export interface TaskValue {
  readonly json: string;
  readonly value: unknown;
}

/**
 * Validates what a task returned, and encodes it.
 * @param result what it must fit, if that is more than the output's schema
 * @throws INVALID_OUTPUT with the Zod issues, OUTPUT_TOO_LARGE
 */
export async function toTaskValue(
  nodeId: string,
  output: OutputSchema,
  value: unknown,
  result: OutputSchema = output,
): Promise<TaskValue> {
  let parsed: z.ZodSafeParseResult<unknown>;
  try {
    // Without a promise where possible.
    parsed = result.schema.safeParse(value);
  } catch {
    // A schema with asynchronous refinements. What the schema's own code throws, the second parse throws too.
    parsed = await result.schema.safeParseAsync(value);
  }
  const misread = parsed.success ? await misreadIssues(output.schema, parsed.data) : undefined;
  if (!parsed.success || misread) {
    const issues = misread ?? plainIssues(parsed.error!);
    throw new SmithersError(
      "INVALID_OUTPUT",
      `The output of "${nodeId}" does not fit "${output.key}": ${summary(issues)}.`,
      {
        details: { issues },
      },
    );
  }
  const json = encodeOutput(nodeId, parsed.data);
  return { json, value: await readFresh(output, json) };
}
