import { z } from "zod";
import { describeOutput, type OutputLookup, type OutputSchema } from "../outputs.ts";
import { refuse } from "./checks.ts";

const known = new WeakMap<z.ZodType, WeakMap<OutputSchema, OutputSchema>>();

/**
 * What a result must fit when `outputSchema` is another schema than the output's: first this schema, then the output's.
 * Undefined when the output's schema is all.
 * @throws INVALID_WORKFLOW
 */
export function resultSchema(
  given: z.ZodType | undefined,
  output: OutputSchema,
  registry: OutputLookup,
  where: string,
): OutputSchema | undefined {
  if (given === undefined) return undefined;
  if (typeof given?.safeParse !== "function" || !("_zod" in given)) refuse(where, "outputSchema must be a Zod schema.");
  if (registry.find(given) === output || given === output.schema) return undefined;
  const ofSchema = known.get(given) ?? new WeakMap<OutputSchema, OutputSchema>();
  known.set(given, ofSchema);
  const before = ofSchema.get(output);
  if (before) return before;
  // The output's own description tells its columns and reads what is stored; this one only checks what comes in.
  const { hash } = describeOutput(output.key, given);
  const made = { ...output, schema: z.pipe(given, output.schema as z.ZodType<unknown, unknown>), hash };
  ofSchema.set(output, made);
  return made;
}
