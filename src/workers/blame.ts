import { SmithersError } from "../errors/index.ts";
import type { ChildEnd } from "../runtime/index.ts";
import type { BoardState, WorkPlace } from "./board.ts";

/** Whose fault the end of a worker was. */
export interface Verdict {
  /** Ids of the runs that are charged, with the ids of the nodes that are; without nodes, the run itself. */
  readonly charged: ReadonlyMap<string, readonly string[]>;
  /** Runs of which one is to blame, and it is not known which. */
  readonly suspects: ReadonlySet<string>;
  /** The workflow file whose top-level code is to blame. */
  readonly file: string | undefined;
  /** What happened, as a run's attempts record it. */
  errorOf(runId: string, nodeIds: readonly string[] | undefined): SmithersError;
}

/** Why the server has killed a worker. */
export type Kill =
  /** It was silent for so long. */
  | { readonly blockedMs: number }
  /** It had more memory than a worker may have. */
  | { readonly usedMb: number; readonly limitMb: number }
  /** A built-in of JavaScript no longer did in it what it should. */
  | { readonly broken: string };

/** How a worker has ended. */
export type WorkerEnd = Kill | ChildEnd;

/**
 * Judges whose fault it was that a worker has ended. Only code that has been called and has not returned can block a
 * process. Where none was noted, it was called by the event loop, and belongs to something that is open; when several
 * runs are, none is charged. Memory may be of anything that is open, whatever is called at the moment.
 */
export function judge({ now, open }: BoardState, end: WorkerEnd): Verdict {
  const places = now === undefined ? open : "usedMb" in end ? [now, ...open] : [now];
  const files = new Set(places.flatMap((place) => ("file" in place ? [place.file] : [])));
  const runs = new Map<string, string[]>();
  for (const place of places) {
    if ("file" in place) continue;
    const nodes = runs.get(place.runId) ?? [];
    if (place.nodeId !== undefined && !nodes.includes(place.nodeId)) nodes.push(place.nodeId);
    runs.set(place.runId, nodes);
  }
  const isCertain = runs.size + files.size === 1;
  const [file] = files;
  return {
    charged: isCertain ? runs : new Map(),
    suspects: new Set(isCertain ? [] : runs.keys()),
    file: isCertain ? file : undefined,
    errorOf: (runId, nodeIds) => errorOf(runId, nodeIds, end),
  };
}

/** What a worker is at, for people: `in node "a" of run r`. */
export function workPlaceText(place: WorkPlace): string {
  if ("file" in place) return `in the top-level code of ${place.file}`;
  return place.nodeId === undefined
    ? `in the rendering of run ${place.runId}`
    : `in node "${place.nodeId}" of run ${place.runId}`;
}

function errorOf(runId: string, nodeIds: readonly string[] | undefined, end: WorkerEnd): SmithersError {
  const what = endText(end);
  const details = "code" in end ? { exitCode: end.code, signal: end.signal } : end;
  if (nodeIds === undefined) {
    const problem = `${what} because of another run, while this attempt was running.`;
    return new SmithersError("WORKER_LOST", problem, { advice: "The task runs again.", details });
  }
  const [nodeId] = nodeIds;
  const at =
    nodeIds.length > 1
      ? `in one of the nodes ${nodeIds.map((id) => `"${id}"`).join(", ")} of run ${runId}`
      : workPlaceText({ runId, nodeId });
  return new SmithersError("WORKER_LOST", `${what} ${at}.`, {
    ...(nodeIds.length > 1 && { advice: "They run again, each alone, to find out which one it is." }),
    details: { ...details, runId, ...(nodeId !== undefined && { nodeId }) },
  });
}

/** How a worker has ended, for people: `The worker was blocked for 30 s`. */
export function endText(end: WorkerEnd): string {
  if ("blockedMs" in end) return `The worker was blocked for ${Math.round(end.blockedMs / 100) / 10} s`;
  if ("usedMb" in end) return `The worker used more than ${end.limitMb} MB of memory`;
  if ("broken" in end) return `The worker was ended because its ${end.broken} no longer worked`;
  return `The worker process ended ${end.signal === null ? `with code ${end.code}` : `by ${end.signal}`}`;
}
