import type { Source } from "./source.ts";

/** Fewer digits would soon be ambiguous: after a few hundred more runs. */
const shortest = 6;
/** A generated id. It begins with the time and ends with random digits. */
const generated = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * The short form of these run ids for a table: of a generated id, the shortest unambiguous suffix, of at least six
 * digits. Commands accept it. Ids that a person chose stay whole.
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
