import { z } from "zod";
import { smallExample } from "./example.ts";

/** A value that fits a JSON Schema, as small as can be, for a person to send; undefined when none is found. */
export function sampleOf(schema: Readonly<Record<string, unknown>>): unknown {
  try {
    const sample = smallExample(schema);
    return z.fromJSONSchema(schema).safeParse(sample).success ? sample : undefined;
  } catch {
    return undefined;
  }
}
