import type { RunEvent } from "../../client/index.ts";
import { defineCommand } from "../command.ts";
import { momentMs } from "../input/moment.ts";
import { follow, ofNode, runArgument, wholeNumber } from "../options.ts";
import type { Source } from "../source/source.ts";

interface Options {
  readonly follow?: boolean;
  readonly node?: string;
  readonly tail?: number;
  readonly since?: Since;
}

/** The first event to print: later than a number, or not before a moment. */
type Since = { readonly afterSeq: number } | { readonly fromMs: number };

export const logs = defineCommand<Options>({
  name: "logs",
  group: "Inspect runs",
  summary: "Print what happened in a run, including the output of its tasks",
  arguments: [runArgument],
  options: [
    follow,
    ofNode,
    { flags: "-n, --tail <n>", description: "only the last n lines, and those that follow", parse: wholeNumber(0) },
    {
      flags: "--since <when>",
      description: "only from this time on, of the last 30s, 5m, 2h, or after the event of this number",
      parse: (text): Since =>
        /^\d+$/.test(text) ? { afterSeq: Number(text) } : { fromMs: momentMs(text, Date.now()) },
    },
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
    const { since = { afterSeq: 0 } } = options;
    const [afterSeq, fromMs] = "afterSeq" in since ? [since.afterSeq, 0] : [0, since.fromMs];
    const lineOf = (event: RunEvent) => {
      if (event.timestampMs < fromMs) return undefined;
      if (options.node !== undefined && !("nodeId" in event && event.nodeId === options.node)) return undefined;
      return out.isJson ? withSeq(event) : eventLine(event, out.style);
    };
    const last = options.tail === undefined ? undefined : await lastLines(state, runId, afterSeq, lineOf, options.tail);
    for (const line of last?.lines ?? []) out.line(line);
    if (last && !options.follow) return undefined;
    for await (const event of eventsOfChain(state, runId, last?.seq ?? afterSeq, options.follow === true)) {
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
  afterSeq: number,
  lineOf: (event: RunEvent) => string | undefined,
  count: number,
): Promise<{ lines: readonly string[]; seq: number }> {
  let lines: string[] = [];
  let seq = afterSeq;
  for await (const event of state.events(runId, afterSeq, false)) {
    const line = lineOf(event);
    if (line !== undefined) lines.push(line);
    // Bounded, without copying at each event.
    if (lines.length >= 2 * count + 1_000) lines = lines.slice(-count || lines.length);
    seq = event.seq;
  }
  return { lines: count === 0 ? [] : lines.slice(-count), seq };
}
