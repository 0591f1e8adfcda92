import { defineCommand } from "../command.ts";
import { runArgument } from "../options.ts";

export const cancel = defineCommand({
  name: "cancel",
  group: "Control runs",
  summary: "Cancel a running or waiting run, including its child processes",
  arguments: [runArgument],
  state: "any",
  json: "value",
  examples: [["cancel 0197c1d2", "cancel the run whose id starts with 0197c1d2"]],
  async run(context, _, given) {
    const { resolveRun } = await import("../source/resolve-run.ts");
    const state = await context.source();
    const runId = await resolveRun(state, given!);
    await state.cancel(runId);
    const takenIn = await state.isTakenIn(runId);
    const { out } = context;
    if (out.isJson) out.json({ runId, takenIn });
    else if (takenIn) out.line(`The run ${runId} was cancelled.`);
    else out.line(`The run ${runId} will be cancelled once the process that executes it sees the request.`);
    return undefined;
  },
});
