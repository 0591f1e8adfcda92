import { defineCommand } from "../command.ts";
import { iteration, nodeArgument, root, runArgument, type ToolOptions, toolOptions } from "../options.ts";
import { refuseExecuting } from "../refuse-executing.ts";

interface Options extends ToolOptions {
  readonly iteration?: number;
  readonly root?: string;
}

export const retry = defineCommand<Options>({
  name: "retry",
  group: "Run workflows",
  summary: "Execute one failed node of a run again and continue the run",
  description:
    "Other failed nodes stay failed; resume executes all of them again. With a database file, the run is executed in " +
    "this process until it ends or waits for an approval or an event. With --url, the server executes it.",
  arguments: [runArgument, nodeArgument],
  options: [iteration, root, ...toolOptions],
  state: "any",
  json: "value",
  examples: [["retry publish", "execute the node publish of the latest run again"]],
  async run(context, options, given, nodeId) {
    const state = await context.source();
    const [{ resolveNode }, { continueHere }] = await Promise.all([
      import("../source/resolve-run.ts"),
      import("../run/continue.ts"),
    ]);
    const runId = await context.runId(given);
    await resolveNode(state, runId, nodeId!, options.iteration);
    const node = { runId, nodeId: nodeId!, iteration: options.iteration };
    if (state.retry) {
      refuseExecuting(options);
      await state.retry(node);
      if (context.out.isJson) context.out.json({ runId });
      else context.out.line(`The server is continuing the run ${runId}.`);
      return undefined;
    }
    return continueHere(context, runId, options, (engine, source) => engine.retry(node, source));
  },
});
