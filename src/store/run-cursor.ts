import { unknownCursor } from "../errors/index.ts";
import type { Run } from "../model/index.ts";

/** The position of a run in the list of all runs, for the next page to begin after it. */
export function runCursor({ createdAtMs, runId }: Pick<Run, "createdAtMs" | "runId">): string {
  return `${createdAtMs}.${runId}`;
}

/** @throws INVALID_REQUEST for an unknown cursor */
export function parseRunCursor(cursor: string): [createdAtMs: number, runId: string] {
  const match = /^(\d{1,16})\.(.+)$/.exec(cursor);
  if (!match) throw unknownCursor();
  return [Number(match[1]), match[2]!];
}
