import type { NodeItem } from "../../api/index.ts";
import { didYouMean, noSuchNode, noSuchRun, SmithersError } from "../../errors/index.ts";
import { usageError } from "../errors.ts";
import type { Source } from "./source.ts";

/** Stands for the latest run. No id contains an @. */
export const latestRun = "@last";

/** Ids that a message names. */
const shown = 5;
/** The newest runs, among which a mistyped id is looked for. */
const lookedAt = 200;

/**
 * The id of the run that somebody means: a whole id, the prefix or suffix of a single one, or `@last`.
 * @throws RUN_NOT_FOUND, INVALID_USAGE when several runs may be meant
 */
export async function resolveRun(source: Source, given: string): Promise<string> {
  if (given === latestRun) {
    const [latest] = await source.listRuns({ limit: 1 });
    if (latest) return latest.runId;
    throw new SmithersError("RUN_NOT_FOUND", "There are no runs.");
  }
  if (await exists(source, given)) return given;
  const listed = await source.runIdsLike(given, shown + 1).catch(ignoreUnlisted);
  if (listed.length === 1) return listed[0]!;
  if (listed.length > 1) {
    const more = listed.length > shown ? ", …" : "";
    throw usageError(
      `Several runs are meant by "${given}": ${listed.slice(0, shown).join(", ")}${more}. Use more of the id; its end differs most.`,
    );
  }
  const place = await source.elsewhere(given);
  if (place !== undefined)
    throw new SmithersError("RUN_NOT_FOUND", `The run "${given}" is in another database: add ${place}.`);
  const newest = await source.listRuns({ limit: lookedAt }).catch(ignoreUnlisted);
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

/** A server without a database of its own lists nothing. */
function ignoreUnlisted(error: unknown): never[] {
  if (error instanceof SmithersError && error.code === "DB_NOT_CONFIGURED") return [];
  throw error;
}

/**
 * The iterations of a node, or the one that is named; at least one.
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
