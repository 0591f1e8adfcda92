import { lstatSync } from "node:fs";
import { z } from "zod";
import { SmithersError } from "../../errors/index.ts";
import { callTool, type OwnToolContext, parseInput } from "../call.ts";
import { type Root, withPlace } from "../confined.ts";
import { asTool, type ToolCallOptions, type ToolParts } from "../define-tool.ts";
import { fileFailed } from "../file-error.ts";
import { guardOf, refuseRead } from "../guard/index.ts";
import { existingFiles, findProgram, findSandbox } from "../sandbox/index.ts";
import { builtIn } from "./built-in.ts";
import { toRegExp } from "./pattern.ts";
import { PatternNotTaken, ripgrep } from "./ripgrep.ts";
import { type Match, maxSearchedFileBytes, type SearchEngine, searchTimeoutMs } from "./search.ts";

/** Length of the longest result, in characters. */
const maxLength = 200_000;
/** Length of the longest line of a result. */
const maxLineLength = 2_000;

const inputSchema = z.object({
  pattern: z.string().min(1).describe("a regular expression, in JavaScript's language, that a line is to match"),
  path: z.string().min(1).optional().describe("the file or folder to search; the root folder when absent"),
  ignoreCase: z.boolean().optional().describe("whether A matches a"),
});

/** {@link grep}, with what the AI SDK needs. */
export interface GrepTool extends ToolParts<typeof inputSchema, string> {
  (input: z.input<typeof inputSchema>): Promise<string>;
}

function invoke(input: z.output<typeof inputSchema>, options?: ToolCallOptions): Promise<string> {
  return callTool({ name: "grep" }, input, options?.abortSignal, (context) => run(input, context));
}

const call = async (input: unknown) => invoke(parseInput("grep", inputSchema, input));

/**
 * Searches the text files below the run's `rootDir` line by line. Resolves to a line `path:number:text` per match,
 * in the order of paths, or to "" when nothing matches. Links, `.git`, `node_modules`, `.env*`, binary files and
 * files above 10 MiB are left out. It uses ripgrep if that is installed, and returns the same without.
 *
 * @throws TOOL_PATH_ESCAPE, TOOL_FILE_FAILED, TOOL_FILE_TOO_LARGE, INVALID_INPUT, also for an invalid pattern
 * @example
 * await grep({ pattern: "TODO|FIXME", path: "src" });
 */
export const grep: GrepTool = asTool("grep", call as GrepTool, {
  description: "Searches files for lines that match a regular expression; returns path:line:text for each.",
  inputSchema,
  execute: invoke,
});

async function run(input: z.output<typeof inputSchema>, context: OwnToolContext): Promise<string> {
  const { pattern, path = ".", ignoreCase = false } = input;
  toRegExp(pattern, ignoreCase);
  const guard = await guardOf(context.root.rootDir, context.fileRules);
  const search = {
    root: context.root,
    path: searchable(context.root, path),
    pattern,
    ignoreCase,
    hidden: [...existingFiles(context.privatePaths), ...guard.hidden],
  };
  const timeout = AbortSignal.timeout(searchTimeoutMs);
  const signal = AbortSignal.any([context.signal, timeout]);
  try {
    return await collect((take) => searchWith(search, signal, take));
  } catch (error) {
    if (!timeout.aborted) throw error;
    throw new SmithersError("TOOL_COMMAND_FAILED", `The search took longer than ${searchTimeoutMs} ms.`, {
      details: { exitCode: null, stdout: "", stderr: "" },
    });
  }
}

const searchWith: SearchEngine = async (search, signal, take) => {
  const engine = await ripgrepHere();
  try {
    if (engine) return await engine(search, signal, take);
  } catch (error) {
    if (!(error instanceof PatternNotTaken)) throw error;
  }
  await builtIn(search, signal, take);
};

async function ripgrepHere(): Promise<SearchEngine | undefined> {
  const program = findProgram("rg");
  if (!program) return undefined;
  try {
    const sandbox = await findSandbox();
    return sandbox.name === "sandbox-exec" ? undefined : ripgrep(program, sandbox);
  } catch {
    return undefined;
  }
}

/** The path with links resolved, relative to the root. */
function searchable(root: Root, path: string): string {
  return withPlace(root, path, false, (place) => {
    refuseRead(place.name, path);
    const stats = lstatSync(`${place.folder}/${place.name}`, { throwIfNoEntry: false });
    if (!stats) throw new SmithersError("TOOL_FILE_FAILED", `"${path}": there is no such file.`, { details: { path } });
    if (!stats.isFile() && !stats.isDirectory()) throw fileFailed(path, "EINVAL", "it is not a regular file");
    if (stats.isFile() && stats.size > maxSearchedFileBytes) {
      throw new SmithersError("TOOL_FILE_TOO_LARGE", `"${path}" has more than ${maxSearchedFileBytes} bytes.`);
    }
    return place.shown;
  });
}

/** Collects the matches of a search as text, and stops the search when the text is long enough. */
export async function collect(find: (take: (match: Match) => boolean) => Promise<void>): Promise<string> {
  const lines: string[] = [];
  let length = 0;
  await find(({ path, lineNo, text }) => {
    const line = `${path}:${lineNo}:${shorten(text.replace(/\r$/, ""))}`;
    length += line.length + 1;
    const isFull = length > maxLength;
    lines.push(isFull ? "[cut: there are more matches; search for less, or in a part]" : line);
    return !isFull;
  });
  return lines.join("\n");
}

function shorten(text: string): string {
  return text.length > maxLineLength
    ? `${text.slice(0, maxLineLength)} [cut: ${text.length - maxLineLength} more]`
    : text;
}
