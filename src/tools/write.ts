import { join } from "node:path";
import { z } from "zod";
import { SmithersError } from "../errors/index.ts";
import { callTool, type OwnToolContext, parseInput } from "./call.ts";
import { refusePrivateName, withPlace } from "./confined.ts";
import { asTool, type ToolCallOptions, type ToolParts } from "./define-tool.ts";
import { guardOf, refuseChange, refuseRead } from "./guard/index.ts";
import { writeAside } from "./write-aside.ts";

const maxBytes = 10_485_760;

const inputSchema = z.object({
  path: z.string().min(1).describe("the file, relative to the root folder; folders on the way are made"),
  content: z.string().describe("the whole new text of the file"),
});

/** {@link write}, with what the AI SDK needs. */
export interface WriteTool extends ToolParts<typeof inputSchema, string> {
  (path: string, content: string): Promise<string>;
  (input: z.input<typeof inputSchema>): Promise<string>;
}

const traits = { name: "write", sideEffect: true, idempotent: true };

function invoke(input: z.output<typeof inputSchema>, options?: ToolCallOptions): Promise<string> {
  return callTool(traits, input, options?.abortSignal, (context) => run(input, context));
}

async function call(first: string | object, content?: string): Promise<string> {
  return invoke(parseInput("write", inputSchema, typeof first === "string" ? { path: first, content } : first));
}

/**
 * Writes a file below the run's `rootDir`, in one step: a reader sees the old text or the new one. Folders on the
 * way are made. Resolves to a sentence that says what was written.
 *
 * @throws TOOL_PATH_ESCAPE also through a link, for a `.env` file and for what the server loads, TOOL_FILE_FAILED, TOOL_FILE_TOO_LARGE above 10 MiB, INVALID_INPUT
 * @example
 * await write("notes/today.md", "# Today\n");
 */
export const write: WriteTool = asTool("write", call as WriteTool, {
  description: "Writes a file, replacing what it held.",
  inputSchema,
  execute: invoke,
});

async function run({ path, content }: z.output<typeof inputSchema>, context: OwnToolContext): Promise<string> {
  const bytes = Buffer.from(content, "utf8");
  if (bytes.length > maxBytes) {
    throw new SmithersError("TOOL_FILE_TOO_LARGE", `The content for "${path}" has more than ${maxBytes} bytes.`, {
      details: { path, bytes: bytes.length, maxBytes },
    });
  }
  const guard = await guardOf(context.root.rootDir, context.fileRules);
  const refuse = (target: string) => refuseChange(guard, target, path);
  return withPlace(context.root, path, refuse, (place) => {
    refuseRead(place.name, path);
    refuse(join(place.realFolder, place.name));
    refusePrivateName(place, path, [...context.privatePaths, ...guard.hidden]);
    writeAside(place, path, bytes);
    return `Wrote ${bytes.length} bytes to ${place.shown}.`;
  });
}
