import type { z } from "zod";
import { textOf } from "../errors/index.ts";

export { summary } from "../errors/index.ts";

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

function plainKey(key: PropertyKey): string | number {
  return typeof key === "symbol" ? String(key) : key;
}
