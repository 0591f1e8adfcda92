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
    ["inspect 0197c1d2", "the run whose id starts with 0197c1d2"],
    ["inspect 0197c1d2 --json | jq .output", "its output, for a script"],
  ],
  async run(context, _, given) {
    const [{ resolveRun }, { printRun }, state] = await Promise.all([
      import("../source/resolve-run.ts"),
      import("../terminal/print-run.ts"),
      context.source(),
    ]);
    const runId = await resolveRun(state, given!);
    const [run, nodes] = await Promise.all([state.findRun(runId), state.listNodes(runId)]);
    if (context.out.isJson) context.out.json({ ...run, nodes });
    else await printRun(context, run, nodes);
    return undefined;
  },
});
