import type { RunEvent } from "../../client/index.ts";
import { defineCommand } from "../command.ts";
import { follow, ofNode, runArgument, wholeNumber } from "../options.ts";
import type { Source } from "../source/source.ts";

interface Options {
  readonly follow?: boolean;
  readonly node?: string;
  readonly tail?: number;
}

export const logs = defineCommand<Options>({
  name: "logs",
  group: "Inspect runs",
  summary: "Print what happened in a run, including the output of its tasks",
  arguments: [runArgument],
  options: [
    follow,
    ofNode,
    { flags: "-n, --tail <n>", description: "only the last n lines, and those that follow", parse: wholeNumber(0) },
  ],
  state: "any",
  json: "lines",
  examples: [
    ["logs --follow", "follow the latest run until it has ended"],
    ["logs 9e41c7 --node build", "only the node build"],
    ["logs 9e41c7 --tail 20", "the last 20 lines"],
  ],
  async run(context, options, given) {
    const [{ eventLine }, { withSeq }, { eventsOfChain }, state] = await Promise.all([
      import("../terminal/event-line.ts"),
      import("../terminal/event-json.ts"),
      import("../source/follow-chain.ts"),
      context.source(),
    ]);
    const { out } = context;
    const runId = await context.runId(given);
    const lineOf = (event: RunEvent) => {
      if (options.node !== undefined && !("nodeId" in event && event.nodeId === options.node)) return undefined;
      return out.isJson ? withSeq(event) : eventLine(event, out.style);
    };
    const last = options.tail === undefined ? undefined : await lastLines(state, runId, lineOf, options.tail);
    for (const line of last?.lines ?? []) out.line(line);
    if (last && !options.follow) return undefined;
    for await (const event of eventsOfChain(state, runId, last?.seq ?? 0, options.follow === true)) {
      const line = lineOf(event);
      if (line === undefined) continue;
      await out.room();
      out.line(line);
    }
    return undefined;
  },
});

/** The last lines of what has happened so far, and the number of its last event. */
async function lastLines(
  state: Source,
  runId: string,
  lineOf: (event: RunEvent) => string | undefined,
  count: number,
): Promise<{ lines: readonly string[]; seq: number }> {
  let lines: string[] = [];
  let seq = 0;
  for await (const event of state.events(runId, 0, false)) {
    const line = lineOf(event);
    if (line !== undefined) lines.push(line);
    // Bounded, without copying at each event.
    if (lines.length >= 2 * count + 1_000) lines = lines.slice(-count || lines.length);
    seq = event.seq;
  }
  return { lines: count === 0 ? [] : lines.slice(-count), seq };
}
