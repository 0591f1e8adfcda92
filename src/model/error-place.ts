import { readField } from "../errors/index.ts";

/** A place in an author's source. Lines and columns count from 1. */
export interface SourcePlace {
  /** Relative to the run's root folder. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

interface WithDetails {
  readonly details?: unknown;
}

/** Where an author's source has thrown a stored error, if that is known: its `details.at`. */
export function placeOfError(error: WithDetails | null | undefined): SourcePlace | undefined {
  const at = readField(error?.details, "at");
  const file = readField(at, "file");
  const line = readField(at, "line");
  const column = readField(at, "column");
  const isPlace = typeof file === "string" && Number.isSafeInteger(line) && Number.isSafeInteger(column);
  return isPlace ? { file, line: line as number, column: column as number } : undefined;
}

/** The error with its place. Details that are no object are left as they are. */
export function errorAt<E extends WithDetails>(error: E, at: SourcePlace | undefined): E {
  const { details = {} } = error;
  if (!at || typeof details !== "object" || details === null || Array.isArray(details)) return error;
  return { ...error, details: { ...details, at } };
}

/** A place as editors and terminals understand it: `flows/release.tsx:12:7`. */
export const placeText = ({ file, line, column }: SourcePlace): string => `${file}:${line}:${column}`;
