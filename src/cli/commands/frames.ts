import type { Frame } from "../../model/index.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { usageError } from "../errors.ts";
import { runArgument, wholeNumber } from "../options.ts";
import { clockTime } from "../terminal/format.ts";

interface Options {
  readonly after: number;
  readonly limit: number;
  readonly frame?: number;
}

export const frames = defineCommand<Options>({
  name: "frames",
  group: "Inspect runs",
  summary: "List the frames that a run has rendered, or show one frame as a tree",
  arguments: [runArgument],
  options: [
    { flags: "--after <frameNo>", description: "only frames after this number", default: 0, parse: wholeNumber(0) },
    { flags: "-n, --limit <n>", description: "maximum number of frames", default: 50, parse: wholeNumber(1, 1_000) },
    { flags: "--frame <frameNo>", description: "show this frame as a tree", parse: wholeNumber(1) },
  ],
  state: "any",
  json: "value",
  examples: [
    ["frames", "when each frame was rendered, and which nodes were mounted"],
    ["frames 9e41c7 --frame 3", "the tree of frame 3 of the run whose id ends with 9e41c7"],
  ],
  async run(context, { after, limit, frame }, given) {
    const state = await context.source();
    const { out } = context;
    const runId = await context.runId(given);
    if (frame === undefined) {
      await printList(context, await state.listFrames(runId, after, limit));
      return undefined;
    }
    const [found] = await state.listFrames(runId, frame - 1, 1);
    if (found?.frameNo !== frame) throw usageError(`The run ${runId} has no frame ${frame}.`, "NOT_FOUND");
    if (out.isJson) out.json(found);
    else await printTree(context, found);
    return undefined;
  },
});

async function printList({ out }: CommandContext, list: readonly Frame[]): Promise<void> {
  if (out.isJson) return out.json(list);
  const rows = list.map(({ frameNo, createdAtMs, xmlHash, mountedTaskIdsJson }) => {
    const mounted: string[] = JSON.parse(mountedTaskIdsJson);
    return {
      frame: String(frameNo),
      rendered: clockTime(createdAtMs),
      tree: xmlHash.slice(0, 8),
      tasks: String(mounted.length),
      mounted: mounted.join(" "),
    };
  });
  await out.table(
    [
      { name: "frame", align: "right" },
      { name: "rendered", drop: 3 },
      { name: "tree", drop: 2 },
      { name: "tasks", align: "right" },
      { name: "mounted", flexible: true, drop: 4 },
    ],
    rows,
  );
}

async function printTree({ out }: CommandContext, { xmlJson }: Frame): Promise<void> {
  const { workflowTreeLines } = await import("../terminal/workflow-tree.ts");
  const lines = workflowTreeLines(
    JSON.parse(xmlJson),
    (nodeId, what) => `${out.style("bold", nodeId)} ${out.style("dim", what)}`,
  );
  for (const line of lines) out.line(line);
}
