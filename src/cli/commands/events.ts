import { InvalidArgumentError } from "commander";
import { didYouMean } from "../../errors/index.ts";
import { type EventType, eventTypes } from "../../model/index.ts";
import { defineCommand } from "../command.ts";
import { momentMs } from "../input/moment.ts";
import { follow, interval, ofNode, runArgument, wholeNumber } from "../options.ts";

interface Options {
  readonly type?: readonly EventType[];
  readonly node?: string;
  readonly after: number;
  readonly since?: number;
  readonly limit?: number;
  readonly follow?: boolean;
}

/** Kinds of events, and how the names of their types begin. */
const kinds: Readonly<Record<string, string>> = {
  agent: "Agent",
  approval: "Approval",
  frame: "Frame",
  heartbeat: "TaskHeartbeat",
  node: "Node",
  output: "NodeOutput",
  run: "Run",
  signal: "Signal",
  timer: "Timer",
  token: "TokenUsage",
  "tool-call": "ToolCall",
  workflow: "Workflow",
};

export const events = defineCommand<Options>({
  name: "events",
  group: "Inspect runs",
  summary: "Print a run's events as JSON, one per line",
  description:
    "Each line begins with the event's sequence number, `seq`; --after prints only later events. --follow continues with the run that continues this one.",
  arguments: [runArgument],
  options: [
    {
      flags: "-t, --type <types>",
      description: `only events of these types or kinds, comma-separated; kinds: ${Object.keys(kinds).join(", ")}`,
      parse: types,
    },
    ofNode,
    { flags: "--after <seq>", description: "only events after this number", default: 0, parse: wholeNumber(0) },
    {
      flags: "--since <when>",
      description: "only events from this time on, or of the last 30s, 5m, 2h",
      parse: (text) => momentMs(text, Date.now()),
    },
    { flags: "-n, --limit <n>", description: "maximum number of events", parse: wholeNumber(1) },
    follow,
    interval,
  ],
  state: "any",
  json: "lines",
  examples: [
    ["events --type NodeFailed,NodeRetrying", "what went wrong"],
    ["events 9e41c7 --type node --since 5m", "what nodes have done in the last five minutes"],
    ["events 9e41c7 --follow | jq -c 'select(.nodeId)'", "events of nodes, as they happen"],
  ],
  async run(context, { type, node, after, since = 0, limit = Number.POSITIVE_INFINITY, follow }, given) {
    const [{ withSeq }, { eventsOfChain }, state] = await Promise.all([
      import("../terminal/event-json.ts"),
      import("../source/follow-chain.ts"),
      context.source(),
    ]);
    const runId = await context.runId(given);
    let left = limit;
    for await (const event of eventsOfChain(state, runId, after, follow === true)) {
      if (event.timestampMs < since) continue;
      if (type && !type.includes(event.type)) continue;
      if (node !== undefined && !("nodeId" in event && event.nodeId === node)) continue;
      await context.out.room();
      context.out.line(withSeq(event));
      left -= 1;
      if (left === 0) break;
    }
    return undefined;
  },
});

function types(text: string, previous: unknown): EventType[] {
  const given = text.split(",").filter((one) => one !== "");
  const known = given.flatMap((one) => {
    if (eventTypes.includes(one as EventType)) return [one as EventType];
    const prefix = Object.hasOwn(kinds, one) ? kinds[one]! : undefined;
    if (prefix !== undefined) return eventTypes.filter((type) => type.startsWith(prefix));
    throw new InvalidArgumentError(
      `Unknown event type "${one}".${didYouMean(one, [...Object.keys(kinds), ...eventTypes])}`,
    );
  });
  return [...((previous as EventType[] | undefined) ?? []), ...known];
}
