import { defineCommand } from "../command.ts";
import { runArgument } from "../options.ts";

export const inspect = defineCommand({
  name: "inspect",
  group: "Inspect runs",
  summary: "Show a run's state, output and nodes",
  arguments: [runArgument],
  state: "any",
  json: "value",
  examples: [
    ["inspect 9e41c7", "the run whose id ends with 9e41c7"],
    ["inspect --json | jq .output", "the output of the latest run, for a script"],
  ],
  async run(context, _, given) {
    const [{ printRun }, { notesOf }, state] = await Promise.all([
      import("../terminal/print-run.ts"),
      import("../notes/notes.ts"),
      context.source(),
    ]);
    const runId = await context.runId(given);
    const overview = await state.overview(runId);
    const { run, nodes } = overview;
    if (context.out.isJson) context.out.json({ ...run, nodes });
    else await printRun(context, run, nodes, await notesOf(state, overview));
    return undefined;
  },
});
