import type { StoredEvent } from "../../model/index.ts";

/** An event as a line of JSON, its number first. */
export const withSeq = ({ seq, json }: StoredEvent): string => `{"seq":${seq},${json.slice(1)}`;
