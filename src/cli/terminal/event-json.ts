import type { RunEvent } from "../../client/index.ts";
import { printableJson } from "../../text/printable.ts";

/** An event as a line of JSON that starts with its sequence number. */
export const withSeq = ({ seq, ...event }: RunEvent): string => printableJson({ seq, ...event });
