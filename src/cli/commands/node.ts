import { cutText } from "../../errors/index.ts";
import { placeOfError, placeText } from "../../model/index.ts";
import type { RunOverview } from "../../runs/index.ts";
import { manyLines, oneLine } from "../../text/printable.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { interval, iteration, nodeArgument, runArgument, runOption, watched } from "../options.ts";
import type { FoundNode } from "../source/source.ts";
import { clockTime, duration, stateWord } from "../terminal/format.ts";

interface Options {
  readonly runId?: string;
  readonly iteration?: number;
  readonly watch?: boolean;
}

/** How much of the last prompt is printed, in bytes; --json has more. */
const shownPromptBytes = 2_000;

export const node = defineCommand<Options>({
  name: "node",
  group: "Inspect runs",
  summary: "Show one node of a run: its output or error, and its history",
  description: "For a node in a loop, shows the last iteration unless --iteration names another.",
  arguments: [runArgument, nodeArgument],
  options: [
    runOption,
    iteration,
    watched,
    interval,
    // Every attempt is printed anyway.
    { flags: "--attempts", description: "no effect", isHidden: true },
  ],
  state: "any",
  json: "value",
  examples: [
    ["node build", "the node build of the latest run"],
    ["node 9e41c7 review --iteration 2", "the third iteration of the node review"],
  ],
  async run(context, { runId: named, iteration, watch: isWatched }, given, nodeId) {
    const [{ resolveNode }, state] = await Promise.all([import("../source/resolve-run.ts"), context.source()]);
    const runId = await context.runId(named ?? given);
    const read = async () => {
      const iterations = await resolveNode(state, runId, nodeId!, iteration);
      return {
        ...(await state.findNode(runId, nodeId!, iterations.at(-1)!.iteration)),
        overview: await state.overview(runId),
        isOneOfSeveral: iterations.length > 1,
      };
    };
    if (!isWatched) return print(context, await read());
    const { watch } = await import("../terminal/watch.ts");
    return watch(context.out, read, async (shown) => void (await print(context, shown)));
  },
});

interface Shown extends FoundNode {
  readonly overview: RunOverview;
  readonly isOneOfSeveral: boolean;
}

async function print(context: CommandContext, shown: Shown): Promise<undefined> {
  const [{ jsonText, printFields, tokensText }, { eventLine }, { notesAbout, notesOf }, state] = await Promise.all([
    import("../terminal/print-run.ts"),
    import("../terminal/event-line.ts"),
    import("../notes/notes.ts"),
    context.source(),
  ]);
  const { out } = context;
  const { node: found, events, stack, overview, isOneOfSeveral } = shown;
  if (out.isJson) {
    out.json({ ...found, ...(stack !== undefined && { stack }), events });
    return undefined;
  }
  const notes = notesAbout(found, await notesOf(state, overview));
  const nowMs = Date.now();
  const { startedAtMs, finishedAtMs, error } = found;
  const at = placeOfError(error);
  const prompt = found.prompts?.at(-1);
  printFields(out, [
    ["Node", oneLine(found.nodeId)],
    ["Label", oneLine(found.label ?? "")],
    ["Iteration", isOneOfSeveral || found.iteration > 0 ? String(found.iteration) : ""],
    ["State", stateWord(out, found.state)],
    ["Attempts", found.attempt > 0 ? String(found.attempt) : ""],
    ["Started", startedAtMs === null ? "" : clockTime(startedAtMs)],
    [
      finishedAtMs === null ? "For" : "Took",
      startedAtMs === null ? "" : duration((finishedAtMs ?? nowMs) - startedAtMs),
    ],
    ["Note", notes.map(({ text }) => oneLine(text)).join("\n")],
    ["Error", error ? `${error.code}: ${manyLines(error.message)}` : ""],
    ["Thrown at", at ? oneLine(placeText(at)) : ""],
    ["Stack", manyLines(stack ?? "")],
    ["Details", error?.details === undefined ? "" : jsonText(error.details)],
    ["Tokens", tokensText(found.tokenUsage)],
    ["Prompt", prompt ? manyLines(cutText(prompt.prompt, shownPromptBytes)) : ""],
    ["Output", found.output === null ? "" : jsonText(found.output)],
  ]);
  out.line();
  for (const event of events) {
    const line = eventLine(event, out.style);
    if (line !== undefined) out.line(line);
  }
  return undefined;
}
