import type { RunOverview } from "../../runs/index.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { interval, runArgument, watched } from "../options.ts";

interface Options {
  readonly watch?: boolean;
}

export const inspect = defineCommand<Options>({
  name: "inspect",
  group: "Inspect runs",
  summary: "Show a run's state, output and nodes",
  arguments: [runArgument],
  options: [watched, interval],
  state: "any",
  json: "value",
  examples: [
    ["inspect 9e41c7", "the run whose id ends with 9e41c7"],
    ["inspect --json | jq .output", "the output of the latest run, for a script"],
  ],
  async run(context, { watch: isWatched }, given) {
    const state = await context.source();
    const runId = await context.runId(given);
    const read = () => state.overview(runId);
    if (!isWatched) return print(context, await read());
    const { watch } = await import("../terminal/watch.ts");
    return watch(context.out, read, async (overview) => void (await print(context, overview)));
  },
});

async function print(context: CommandContext, overview: RunOverview): Promise<undefined> {
  const { run, nodes } = overview;
  if (context.out.isJson) {
    context.out.json({ ...run, nodes });
    return;
  }
  const [{ printRun }, { notesOf }, state] = await Promise.all([
    import("../terminal/print-run.ts"),
    import("../notes/notes.ts"),
    context.source(),
  ]);
  await printRun(context, run, nodes, await notesOf(state, overview));
}
