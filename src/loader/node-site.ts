import { relative } from "node:path";
import { readRegularFile } from "../files/index.ts";
import type { Workflow } from "../jsx/index.ts";
import type { SourcePlace } from "../model/index.ts";
import { maxSourceBytes, sha1 } from "../runtime/index.ts";

/** The files that a workflow was loaded from, absolute, with the SHA-1 of what was read of each. */
type Sources = ReadonlyMap<string, string>;

const sourcesOf = new WeakMap<Workflow, Sources>();

/** Remembers what a workflow was loaded from. */
export function rememberSources(workflow: Workflow, sources: Sources): void {
  sourcesOf.set(workflow, sources);
}

/**
 * Where the source gives nodes this id, for errors whose stack has no line of the author: an output that does not fit, a
 * wrong prop. Empty when the id is computed, or the file has changed since it was loaded.
 * @param rootDir folder that the files are named relative to
 */
export function nodeSites(workflow: Workflow, id: string, rootDir: string): SourcePlace[] {
  const escaped = id.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const prop = new RegExp(`\\bid=(?:\\{\\s*)?(["'\`])${escaped}\\1`);
  return [...(sourcesOf.get(workflow) ?? [])].flatMap(([file, hash]) =>
    (unchanged(file, hash)?.split("\n") ?? []).flatMap((line, index) => {
      const match = prop.exec(line);
      if (!match) return [];
      const column = Math.max(line.lastIndexOf("<", match.index), 0) + 1;
      return [{ file: relative(rootDir, file), line: index + 1, column }];
    }),
  );
}

function unchanged(file: string, hash: string): string | undefined {
  const contents = readRegularFile(file, maxSourceBytes);
  return contents !== undefined && sha1(contents) === hash ? contents.toString() : undefined;
}
