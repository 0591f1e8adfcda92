import { realpathSync } from "node:fs";
import { relative, sep } from "node:path";
import { framesOf, type StackFrame } from "../containment/index.ts";
import { cutText, describeThrown, type ThrownDescription } from "../errors/index.ts";
import type { SourcePlace } from "../model/index.ts";
import { codeFolder } from "../package/index.ts";
import { withoutInstallPaths } from "./packages.ts";

/** Where this package's own modules are. */
const ownFolder = codeFolder + sep;
const maxStackBytes = 16_384;
const maxHeadBytes = 1_024;
/** Lines of one error's stack. */
const maxFrames = 30;

/**
 * Where an author's source has thrown an error, or has caused it: the uppermost line of its stack that is an author's,
 * or else that of its causes.
 * @param rootDir folder that the file is named relative to
 */
export function throwSite(thrown: unknown, rootDir: string): SourcePlace | undefined {
  const frame = firstIn(describeThrown(thrown), isAuthors);
  return frame && { file: relativeTo(rootDir, frame.file), line: frame.line, column: frame.column };
}

/**
 * The stacks of an error and of its causes, as an author wants them: without this package's own lines, and with files
 * named relative to the root, or by their package.
 * @returns undefined when no line is left
 */
export function authorStack(thrown: unknown, rootDir: string): string | undefined {
  const described = describeThrown(thrown);
  if (!firstIn(described, isTold)) return undefined;
  return cutText(linesOf(described, rootDir).join("\n"), maxStackBytes);
}

function linesOf(described: ThrownDescription, rootDir: string): string[] {
  const { name, message, stack = "", cause, errors = [] } = described;
  const told = framesOf(stack).filter(isTold).slice(0, maxFrames);
  const followers = [
    ...(cause ? [["Caused by: ", cause] as const] : []),
    ...errors.map((error, index) => [`Error ${index + 1}: `, error] as const),
  ];
  return [
    cutText(`${name}: ${message}`, maxHeadBytes),
    ...told.map((frame) => `    ${shown(frame, rootDir)}`),
    ...followers.flatMap(([title, error]) => {
      const [head, ...rest] = linesOf(error, rootDir);
      return [title + head, ...rest];
    }),
  ];
}

function shown(frame: StackFrame, rootDir: string): string {
  if (!isAuthors(frame)) return withoutInstallPaths(frame.text);
  return frame.text.replace(frame.file, relativeTo(rootDir, frame.file));
}

/** The first frame that `fits` in the stack of an error, or else of its causes and members. */
function firstIn(described: ThrownDescription, fits: (frame: StackFrame) => boolean): StackFrame | undefined {
  const own = framesOf(described.stack ?? "").find(fits);
  if (own) return own;
  for (const inner of [described.cause ?? [], described.errors ?? []].flat()) {
    const found = firstIn(inner, fits);
    if (found) return found;
  }
}

/** What an author can do something about: not this package, nor what renders for it. */
function isTold({ file }: StackFrame): boolean {
  return !file.startsWith(ownFolder) && !file.includes(`${sep}node_modules${sep}react-reconciler${sep}`);
}

/** Whether a file is an author's own. The loader bundles exactly what does not lie in an installed package. */
function isAuthors(frame: StackFrame): boolean {
  const { file } = frame;
  return isTold(frame) && !file.includes(`${sep}node_modules${sep}`) && !file.includes(`${sep}.bun${sep}install${sep}`);
}

function relativeTo(rootDir: string, file: string): string {
  return relative(resolved(rootDir), file).split(sep).join("/");
}

/** Stacks name files with links resolved. */
function resolved(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
