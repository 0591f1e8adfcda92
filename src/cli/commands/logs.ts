import { defineCommand } from "../command.ts";
import { follow, ofNode, runArgument } from "../options.ts";

interface Options {
  readonly follow?: boolean;
  readonly node?: string;
}

export const logs = defineCommand<Options>({
  name: "logs",
  group: "Inspect runs",
  summary: "Print what happened in a run, including the output of its tasks",
  arguments: [runArgument],
  options: [follow, ofNode],
  state: "any",
  json: "lines",
  examples: [
    ["logs --follow", "follow the latest run until it has ended"],
    ["logs 9e41c7 --node build", "only the node build"],
  ],
  async run(context, options, given) {
    const [{ eventLine }, { withSeq }, state] = await Promise.all([
      import("../terminal/event-line.ts"),
      import("../terminal/event-json.ts"),
      context.source(),
    ]);
    const { out } = context;
    const runId = await context.runId(given);
    for await (const event of state.events(runId, 0, options.follow === true)) {
      if (options.node !== undefined && !("nodeId" in event && event.nodeId === options.node)) continue;
      await out.room();
      const line = out.isJson ? withSeq(event) : eventLine(event, out.style);
      if (line !== undefined) out.line(line);
    }
    return undefined;
  },
});
