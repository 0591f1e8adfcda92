import type { RunEvent } from "../../client/index.ts";

/** An event as a line of JSON that starts with its sequence number. */
export const withSeq = ({ seq, ...event }: RunEvent): string => JSON.stringify({ seq, ...event });
