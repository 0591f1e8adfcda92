import { createRequire } from "node:module";
import type { StructuredPatch } from "diff";
import { messageOf, SmithersError } from "../errors/index.ts";

/** Loaded at its first use: it would make every start of a process with this package slower. */
const diffLibrary = () => createRequire(import.meta.url)("diff") as typeof import("diff");

/** An exact piece of text and its replacement. */
export interface Replacement {
  readonly find: string;
  readonly replace: string;
  /** Whether to replace every occurrence. Otherwise there must be exactly one. */
  readonly all?: boolean;
}

export interface Patched {
  readonly text: string;
  /** What was done, as the beginning of a sentence. */
  readonly done: string;
}

/**
 * Applies a unified diff, whose context lines must all match, or exact replacements, in order. Pure.
 * @throws TOOL_PATCH_REJECTED naming the part that does not match
 */
export function patchText(path: string, text: string, patch: string | readonly Replacement[]): Patched {
  return typeof patch === "string" ? applyDiff(path, text, patch) : applyReplacements(path, text, patch);
}

function applyDiff(path: string, text: string, diff: string): Patched {
  const { applyPatch } = diffLibrary();
  const parsed = parse(path, diff);
  const hunks = parsed.hunks.length;
  const patched = applyPatch(text, parsed, { fuzzFactor: 0 });
  if (patched === false) {
    const index = parsed.hunks.findIndex(
      (_, at) => applyPatch(text, { ...parsed, hunks: parsed.hunks.slice(0, at + 1) }) === false,
    );
    const hunk = parsed.hunks[index];
    const where = hunk ? `hunk ${index + 1} (@@ -${hunk.oldStart},${hunk.oldLines} @@)` : "a hunk";
    throw patchRejected(path, `${where} does not fit the file`, { hunk: index + 1 });
  }
  return { text: patched, done: `Applied ${count(hunks, "hunk")}` };
}

function parse(path: string, diff: string): StructuredPatch {
  let files: StructuredPatch[];
  try {
    files = diffLibrary().parsePatch(diff);
  } catch (error) {
    throw patchRejected(path, `the diff is malformed: ${messageOf(error)}`);
  }
  const withHunks = files.filter(({ hunks }) => hunks.length > 0);
  if (withHunks.length === 0) throw patchRejected(path, "the diff holds no hunk; one begins with @@ -1,2 +1,2 @@");
  if (withHunks.length > 1) throw patchRejected(path, "the diff is for several files; edit them one by one");
  return withHunks[0]!;
}

function applyReplacements(path: string, text: string, replacements: readonly Replacement[]): Patched {
  let patched = text;
  let places = 0;
  replacements.forEach(({ find, replace, all = false }, index) => {
    const parts = patched.split(find);
    const found = parts.length - 1;
    const which = replacements.length === 1 ? "the text to find" : `the text to find of replacement ${index + 1}`;
    if (found === 0) throw patchRejected(path, `${which} does not occur`, { replacement: index + 1 });
    if (found > 1 && !all) {
      throw patchRejected(path, `${which} occurs ${found} times; give more of what is around it, or all: true`, {
        replacement: index + 1,
      });
    }
    patched = parts.join(replace);
    places += found;
  });
  return { text: patched, done: `Replaced ${count(places, "place")}` };
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** TOOL_PATCH_REJECTED: the file is as it was. */
export function patchRejected(path: string, why: string, details: Record<string, unknown> = {}): SmithersError {
  return new SmithersError("TOOL_PATCH_REJECTED", `"${path}" was left as it is: ${why}.`, {
    details: { path, ...details },
  });
}
