import { defineCommand } from "../command.ts";
import { runArgument } from "../options.ts";

export const cancel = defineCommand({
  name: "cancel",
  group: "Decide",
  summary: "End a run that runs or waits, its child processes too",
  arguments: [runArgument],
  state: "any",
  json: "value",
  examples: [["cancel 0197c1d2", "end the run whose id begins so"]],
  async run(context, _, given) {
    const { resolveRun } = await import("../source/resolve-run.ts");
    const state = await context.source();
    const runId = await resolveRun(state, given!);
    await state.cancel(runId);
    const takenIn = await state.isTakenIn(runId);
    const { out } = context;
    if (out.isJson) out.json({ runId, takenIn });
    else if (takenIn) out.line(`The run ${runId} is cancelled.`);
    else out.line(`The run ${runId} will be cancelled: the process that executes it has not heard of it yet.`);
    return undefined;
  },
});
