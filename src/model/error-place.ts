import { z } from "zod";

/** A place in an author's source. Lines and columns count from 1. */
export const sourcePlaceSchema = z.object({
  file: z.string().describe("relative to the run's root folder"),
  line: z.number().int(),
  column: z.number().int(),
});
export type SourcePlace = z.infer<typeof sourcePlaceSchema>;

interface WithDetails {
  readonly details?: unknown;
}

/** Where an author's source has thrown a stored error, if that is known: its `details.at`. */
export function placeOfError(error: WithDetails | null | undefined): SourcePlace | undefined {
  const { details } = error ?? {};
  if (typeof details !== "object" || details === null || !("at" in details)) return undefined;
  return sourcePlaceSchema.safeParse(details.at).data;
}

/** The error with its place. Details that are no object are left as they are. */
export function errorAt<E extends WithDetails>(error: E, at: SourcePlace | undefined): E {
  const { details = {} } = error;
  if (!at || typeof details !== "object" || details === null || Array.isArray(details)) return error;
  return { ...error, details: { ...details, at } };
}

/** A place as editors and terminals understand it: `flows/release.tsx:12:7`. */
export const placeText = ({ file, line, column }: SourcePlace): string => `${file}:${line}:${column}`;
