import { defineCommand } from "../command.ts";
import { runArgument } from "../options.ts";

export const cancel = defineCommand({
  name: "cancel",
  group: "Control runs",
  summary: "Cancel a running or waiting run, including its child processes",
  arguments: [runArgument],
  state: "any",
  json: "value",
  examples: [
    ["cancel", "cancel the latest run"],
    ["cancel 9e41c7", "cancel the run whose id ends with 9e41c7"],
  ],
  async run(context, _, given) {
    const state = await context.source();
    const runId = await context.runId(given);
    await state.cancel(runId);
    const takenIn = await state.isTakenIn(runId);
    const { out } = context;
    if (out.isJson) out.json({ runId, takenIn });
    else if (takenIn) out.line(`The run ${runId} was cancelled.`);
    else out.line(`The run ${runId} will be cancelled once the process that executes it sees the request.`);
    return undefined;
  },
});
