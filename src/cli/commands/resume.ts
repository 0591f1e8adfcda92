import { defineCommand } from "../command.ts";
import { root, runArgument, type ToolOptions, toolOptions } from "../options.ts";
import { refuseExecuting } from "../refuse-executing.ts";

interface Options extends ToolOptions {
  readonly workflow?: string;
  readonly root?: string;
}

export const resume = defineCommand<Options>({
  name: "resume",
  group: "Run workflows",
  summary: "Continue a run that failed, was stopped or was interrupted by a crash",
  description:
    "Finished nodes are not executed again. With a database file, the run is executed in this process until it ends " +
    "or waits for an approval or an event. With --url, the server executes it.",
  arguments: [runArgument],
  options: [{ flags: "--workflow <file>", description: "the workflow's file, if it has moved" }, root, ...toolOptions],
  state: "any",
  json: "value",
  examples: [
    ["resume", "continue the latest run"],
    [
      "resume 9e41c7 --workflow flows/release.tsx",
      "continue the run whose id ends with 9e41c7, with a workflow file that has moved",
    ],
  ],
  async run(context, options, given) {
    const state = await context.source();
    const runId = await context.runId(given);
    if (state.resume) {
      refuseExecuting(options);
      await state.resume(runId, options.workflow);
      if (context.out.isJson) context.out.json({ runId });
      else context.out.line(`The server is continuing the run ${runId}.`);
      return undefined;
    }
    const { continueHere } = await import("../run/continue.ts");
    return continueHere(context, runId, options, (engine, source) => engine.resume(runId, source));
  },
});
