import { closeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { callTool, type OwnToolContext, parseInput } from "./call.ts";
import { openFile, refusePrivateName, withPlace } from "./confined.ts";
import { asTool, type ToolCallOptions, type ToolParts } from "./define-tool.ts";
import { guardOf, refuseChange, refuseRead } from "./guard/index.ts";
import { patchRejected, patchText } from "./patch.ts";
import { readAll } from "./read.ts";
import { existingFiles } from "./sandbox/index.ts";
import { writeAside } from "./write-aside.ts";

const maxBytes = 10_485_760;

const replacement = z.object({
  find: z.string().min(1).describe("exact text that occurs once in the file"),
  replace: z.string().describe("what takes its place"),
  all: z.boolean().optional().describe("replace it wherever it occurs"),
});

const inputSchema = z.object({
  path: z.string().min(1).describe("the file, relative to the root folder"),
  patch: z
    .union([z.string().min(1), z.array(replacement).min(1)])
    .describe("a unified diff of this file, or a list of exact replacements"),
});

/** {@link edit}, with what the AI SDK needs. */
export interface EditTool extends ToolParts<typeof inputSchema, string> {
  (input: z.input<typeof inputSchema>): Promise<string>;
}

const traits = { name: "edit", sideEffect: true, idempotent: false };

function invoke(input: z.output<typeof inputSchema>, options?: ToolCallOptions): Promise<string> {
  return callTool(traits, input, options?.abortSignal, (context) => run(input, context));
}

const call = async (input: unknown) => invoke(parseInput("edit", inputSchema, input));

/**
 * Changes a UTF-8 file below the run's `rootDir` by a unified diff or by exact replacements: all of it, or, when a
 * part does not fit, nothing. Resolves to a sentence that says what was done.
 *
 * @throws TOOL_PATCH_REJECTED when the patch does not fit, TOOL_PATH_ESCAPE, TOOL_FILE_FAILED, TOOL_FILE_TOO_LARGE
 *   above 10 MiB, INVALID_INPUT
 * @example
 * await edit({ path: "a.ts", patch: "@@ -1 +1 @@\n-const a = 1;\n+const a = 2;\n" });
 * await edit({ path: "a.ts", patch: [{ find: "const a = 1", replace: "const a = 2" }] });
 */
export const edit: EditTool = asTool("edit", call as EditTool, {
  description:
    "Changes a file by a unified diff, or by exact replacements. Nothing is changed when a part does not fit.",
  inputSchema,
  execute: invoke,
});

async function run({ path, patch }: z.output<typeof inputSchema>, context: OwnToolContext): Promise<string> {
  const guard = await guardOf(context.root.rootDir, context.fileRules);
  return withPlace(context.root, path, false, (place) => {
    refuseRead(place.name, path);
    refuseChange(guard, join(place.realFolder, place.name), path);
    const hidden = [...context.privatePaths, ...guard.hidden];
    refusePrivateName(place, path, hidden);
    const { fd, stats } = openFile(place, path, existingFiles(hidden));
    let before: Buffer;
    try {
      before = readAll(fd, path, maxBytes);
    } finally {
      closeSync(fd);
    }
    const { text, done } = patchText(path, decode(path, before), patch);
    if (!writeAside(place, path, Buffer.from(text, "utf8"), stats)) {
      throw patchRejected(path, "it was changed during the edit");
    }
    return `${done} in ${place.shown}.`;
  });
}

/** Refuses a file that is not UTF-8: writing it back would change its other bytes. */
function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw patchRejected(path, "it is not UTF-8 text");
  }
}
