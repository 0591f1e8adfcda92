import type { RunEvent } from "../../client/index.ts";

/** An event as a line of JSON, its number first. */
export const withSeq = ({ seq, ...event }: RunEvent): string => JSON.stringify({ seq, ...event });
