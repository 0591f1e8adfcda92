import type { NodeItem } from "../../api/index.ts";
import { didYouMean, noSuchNode, noSuchRun, SmithersError } from "../../errors/index.ts";
import { usageError } from "../errors.ts";
import type { Source } from "./source.ts";

/** Stands for the latest run. An id never contains @. */
export const latestRun = "@last";

/** Maximum number of ids in a message. */
const shownIds = 5;
/** Number of latest runs among which a similar id is searched. */
const searchedRuns = 200;

/**
 * Resolves what a person typed to a run id: a whole id, an unambiguous prefix or suffix, or `@last`.
 * @throws RUN_NOT_FOUND, INVALID_USAGE when several runs match
 */
export async function resolveRun(source: Source, given: string): Promise<string> {
  if (given === latestRun) {
    const [latest] = await source.listRuns({ limit: 1 });
    if (latest) return latest.runId;
    throw new SmithersError("RUN_NOT_FOUND", "There are no runs.");
  }
  if (await exists(source, given)) return given;
  const listed = await source.runIdsLike(given, shownIds + 1).catch(ignoreUnlisted);
  if (listed.length === 1) return listed[0]!;
  if (listed.length > 1) {
    const more = listed.length > shownIds ? ", …" : "";
    throw usageError(
      `"${given}" matches several runs: ${listed.slice(0, shownIds).join(", ")}${more}. Use more of the id; ids differ most at their end.`,
    );
  }
  const place = await source.elsewhere(given);
  if (place !== undefined)
    throw new SmithersError("RUN_NOT_FOUND", `The run "${given}" is in another database. Add ${place}.`);
  const newest = await source.listRuns({ limit: searchedRuns }).catch(ignoreUnlisted);
  const meant = didYouMean(
    given,
    newest.map(({ runId }) => runId),
  );
  throw noSuchRun(given, meant);
}

async function exists(source: Source, runId: string): Promise<boolean> {
  try {
    await source.findRun(runId);
    return true;
  } catch (error) {
    if (error instanceof SmithersError && error.code === "RUN_NOT_FOUND") return false;
    throw error;
  }
}

/** A server without a database of its own cannot list runs. */
function ignoreUnlisted(error: unknown): never[] {
  if (error instanceof SmithersError && error.code === "DB_NOT_CONFIGURED") return [];
  throw error;
}

/**
 * The iterations of a node, or the one with this number; at least one.
 * @throws NODE_NOT_FOUND
 */
export async function resolveNode(
  source: Source,
  runId: string,
  nodeId: string,
  iteration?: number,
): Promise<NodeItem[]> {
  const nodes = await source.listNodes(runId);
  const named = nodes.filter((node) => node.nodeId === nodeId);
  const found = named.filter((node) => iteration === undefined || node.iteration === iteration);
  if (found.length > 0) return found;
  if (named.length > 0) {
    const last = named.at(-1)!.iteration;
    throw new SmithersError("NODE_NOT_FOUND", `"${nodeId}" has no iteration ${iteration}; its last is ${last}.`);
  }
  const meant = didYouMean(
    nodeId,
    nodes.map((node) => node.nodeId),
  );
  throw noSuchNode(runId, nodeId, undefined, meant);
}
