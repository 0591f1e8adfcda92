import { closeSync, createReadStream, readSync } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";
import { SmithersError } from "../errors/index.ts";
import { callTool, type OwnToolContext, parseInput } from "./call.ts";
import { openFile, withPlace } from "./confined.ts";
import { asTool, type ToolCallOptions, type ToolParts } from "./define-tool.ts";
import { guardOf, refuseRead } from "./guard/index.ts";
import { existingFiles } from "./sandbox/index.ts";

/** Most bytes that one call returns. */
const maxBytes = 1_048_576;

const inputSchema = z.object({
  path: z.string().min(1).describe("the file, relative to the root folder"),
  offset: z.number().int().positive().optional().describe("the first line to return, from 1"),
  limit: z.number().int().positive().optional().describe("how many lines to return"),
});

/** {@link read}, with what the AI SDK needs. */
export interface ReadTool extends ToolParts<typeof inputSchema, string> {
  (path: string): Promise<string>;
  (input: z.input<typeof inputSchema>): Promise<string>;
}

function invoke(input: z.output<typeof inputSchema>, options?: ToolCallOptions): Promise<string> {
  return callTool({ name: "read" }, input, options?.abortSignal, (context) => run(input, context));
}

async function call(first: string | object): Promise<string> {
  return invoke(parseInput("read", inputSchema, typeof first === "string" ? { path: first } : first));
}

/**
 * Reads a text file below the run's `rootDir`, or some of its lines. Bytes that are not UTF-8 become U+FFFD.
 *
 * @throws TOOL_PATH_ESCAPE also through a link, and for a `.env` file, TOOL_FILE_FAILED, TOOL_FILE_TOO_LARGE above 1 MiB, INVALID_INPUT
 * @example
 * await read("package.json");
 * await read({ path: "big.log", offset: 1000, limit: 50 });
 */
export const read: ReadTool = asTool("read", call as ReadTool, {
  description: "Reads a text file, or some of its lines.",
  inputSchema,
  execute: invoke,
});

async function run({ path, offset, limit }: z.output<typeof inputSchema>, context: OwnToolContext): Promise<string> {
  const guard = await guardOf(context.root.rootDir, context.fileRules);
  const hidden = [...existingFiles(context.privatePaths), ...guard.hidden];
  const { fd, stats } = withPlace(context.root, path, false, (place) => {
    refuseRead(place.name, path);
    return openFile(place, path, hidden);
  });
  if (offset !== undefined || limit !== undefined) return lines(fd, path, offset ?? 1, limit);
  try {
    if (stats.size > maxBytes) throw tooLarge(path);
    return readAll(fd, path, maxBytes).toString("utf8");
  } finally {
    closeSync(fd);
  }
}

/** @throws TOOL_FILE_TOO_LARGE also for a file that claims to be short, as those of the kernel do */
export function readAll(fd: number, path: string, limit: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const chunk = Buffer.alloc(65_536);
    const length = readSync(fd, chunk);
    if (length === 0) return Buffer.concat(chunks);
    total += length;
    if (total > limit) throw tooLarge(path);
    chunks.push(chunk.subarray(0, length));
  }
}

/** Closes `fd`. */
async function lines(fd: number, path: string, offset: number, limit = Number.POSITIVE_INFINITY): Promise<string> {
  const stream = createReadStream("", { fd });
  const found: string[] = [];
  let lineNo = 0;
  let length = 0;
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      lineNo += 1;
      if (lineNo < offset) continue;
      if (lineNo >= offset + limit) break;
      length += line.length + 1;
      if (length > maxBytes) throw tooLarge(path);
      found.push(line);
    }
  } finally {
    stream.destroy();
  }
  return found.join("\n");
}

function tooLarge(path: string): SmithersError {
  return new SmithersError("TOOL_FILE_TOO_LARGE", `"${path}" has more than ${maxBytes} bytes.`, {
    details: { path, maxBytes },
  });
}
