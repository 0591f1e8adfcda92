import type { z } from "zod";
import { textOf } from "../errors/index.ts";

export interface PlainIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly code: string;
}

/** Longest message of one issue, in bytes. A schema's own messages may be any value. */
const maxIssueBytes = 4_096;

/** Zod's issues, without the values that caused them. */
export function plainIssues(error: z.ZodError): PlainIssue[] {
  return error.issues.map(({ path, message, code }) => ({
    path: path.map(plainKey),
    message: textOf(message, maxIssueBytes),
    code: code ?? "custom",
  }));
}

/** The issues as one line, for a message. */
export function summary(issues: readonly PlainIssue[]): string {
  const shown = issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message));
  return shown.join("; ") + (issues.length > 3 ? `; and ${issues.length - 3} more` : "");
}

function plainKey(key: PropertyKey): string | number {
  return typeof key === "symbol" ? String(key) : key;
}
