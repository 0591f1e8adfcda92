import { cutText, maxMessageBytes, textOf } from "./cut.ts";
import { readField } from "./read-field.ts";

/** What a message has of a Zod issue. */
interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The issues as one line, for a message. */
export function summary(issues: readonly Issue[]): string {
  const shown = issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message));
  // A value may break several rules that are told in the same words.
  return [...new Set(shown)].join("; ") + (issues.length > 3 ? `; and ${issues.length - 3} more` : "");
}

/**
 * The message of an error of Zod, which is all of its issues as JSON, as a line; undefined for other errors. Never
 * throws: the fields of an error of this name may be any values.
 */
export function zodMessage(error: object): string | undefined {
  if (readField(error, "name") !== "ZodError") return undefined;
  try {
    const issues = readField(error, "issues");
    if (!Array.isArray(issues) || issues.length === 0) return undefined;
    const first = issues.slice(0, 3).map(({ path, message }) => ({ path: path.map(String), message: textOf(message) }));
    return cutText(summary([...first, ...issues.slice(3)]), maxMessageBytes);
  } catch {
    return undefined;
  }
}
