/** A loop and its current iteration. */
export interface LoopPlace {
  readonly id: string;
  readonly iteration: number;
}

/** A mounted Loop, as components below it see it. Its default id is known once its element is in the tree. */
export interface LoopScope {
  id: string | undefined;
  readonly outer: LoopScope | null;
}

/** The key of a node's row and outputs. */
export interface NodePlace {
  /** `<id>`, or `<id>@@<outerLoop>=<iteration>` inside nested loops. */
  readonly nodeId: string;
  /** The current iteration of the innermost loop; 0 outside of loops. */
  readonly iteration: number;
}

const mark = "@@";

/**
 * The suffix that distinguishes nodes and loops in different iterations of the loops around them: `@@outer=1,middle=0`,
 * or "".
 */
export function suffixOf(outer: readonly LoopPlace[]): string {
  if (outer.length === 0) return "";
  return mark + outer.map(({ id, iteration }) => `${id}=${iteration}`).join(",");
}

/** The id that the author gave to a node or a loop, without the suffix. */
export function authoredId(id: string): string {
  const end = id.indexOf(mark);
  return end < 0 ? id : id.slice(0, end);
}

/** Whether an id could be mistaken for one with a suffix. */
export function hasSuffix(id: string): boolean {
  return id.includes(mark);
}

/** The loops around a stored node, outermost first; `loopKey` is the id of its innermost loop with the suffix. */
export function loopsAround(loopKey: string | null): string[] {
  if (loopKey === null) return [];
  const outer = loopKey.slice(authoredId(loopKey).length + mark.length);
  const ids = outer === "" ? [] : outer.split(",").map((place) => place.slice(0, place.lastIndexOf("=")));
  return [...ids, authoredId(loopKey)];
}

/**
 * The current iteration of each of these nested loops. A loop starts again at 0 in each iteration of the loop around
 * it.
 * @param ids outermost first
 * @param iterationOf by a loop's id with its suffix
 */
export function placesOf(ids: readonly string[], iterationOf: (loopKey: string) => number): LoopPlace[] {
  const places: LoopPlace[] = [];
  for (const id of ids) places.push({ id, iteration: iterationOf(id + suffixOf(places)) });
  return places;
}

/** The current key of a node in these loops; see {@link placesOf}. */
export function nodePlace(id: string, loops: readonly string[], iterationOf: (loopKey: string) => number): NodePlace {
  if (loops.length === 0) return { nodeId: id, iteration: 0 };
  if (hasSuffix(id)) {
    const innermost = loops.at(-1)! + id.slice(authoredId(id).length);
    return { nodeId: id, iteration: iterationOf(innermost) };
  }
  const places = placesOf(loops, iterationOf);
  return { nodeId: id + suffixOf(places.slice(0, -1)), iteration: places.at(-1)!.iteration };
}

/** The ids of a scope and of the scopes around it, outermost first. A loop that is being mounted has none yet. */
export function idsOf(scope: LoopScope | null): string[] {
  const ids: string[] = [];
  for (let at = scope; at !== null; at = at.outer) if (at.id !== undefined) ids.unshift(at.id);
  return ids;
}
