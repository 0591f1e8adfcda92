import type { Source } from "./source.ts";

/** Fewer digits would be the end of another run's id after a few hundred runs more. */
const shortest = 6;
/** A generated id: its beginning is the time, its end is random. */
const generated = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * The form in which a table shows each of these runs' ids: of a generated one the shortest end, of six digits at least,
 * by which commands find it; a name that somebody gave stays whole.
 */
export async function shortRunIds(source: Source, runIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const short = new Map(runIds.map((runId) => [runId, runId]));
  let open = runIds.filter((runId) => generated.test(runId));
  for (let length = shortest; open.length > 0 && length <= 12; length++) {
    const others = [...runIds, ...(await source.runIdsSharing(open.map((runId) => runId.slice(-length))))];
    open = open.filter((runId) => {
      const end = runId.slice(-length);
      const isTaken = others.some((other) => other !== runId && (other.endsWith(end) || other.startsWith(end)));
      if (!isTaken) short.set(runId, end);
      return isTaken;
    });
  }
  return short;
}
