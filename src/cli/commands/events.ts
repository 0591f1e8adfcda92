import { InvalidArgumentError } from "commander";
import { didYouMean } from "../../errors/index.ts";
import { type EventType, eventTypes } from "../../model/index.ts";
import { defineCommand } from "../command.ts";
import { follow, ofNode, runArgument, wholeNumber } from "../options.ts";

interface Options {
  readonly type?: readonly EventType[];
  readonly node?: string;
  readonly after: number;
  readonly follow?: boolean;
}

export const events = defineCommand<Options>({
  name: "events",
  group: "Inspect runs",
  summary: "Print a run's events as JSON, one per line",
  description: "Each line begins with the event's sequence number, `seq`; --after prints only later events.",
  arguments: [runArgument],
  options: [
    { flags: "-t, --type <types>", description: "only events of these types, comma-separated", parse: types },
    ofNode,
    { flags: "--after <seq>", description: "only events after this number", default: 0, parse: wholeNumber(0) },
    follow,
  ],
  state: "any",
  json: "lines",
  examples: [
    ["events --type NodeFailed,NodeRetrying", "what went wrong"],
    ["events 9e41c7 --follow | jq -c 'select(.nodeId)'", "events of nodes, as they happen"],
  ],
  async run(context, { type, node, after, follow }, given) {
    const [{ withSeq }, state] = await Promise.all([import("../terminal/event-json.ts"), context.source()]);
    const runId = await context.runId(given);
    for await (const event of state.events(runId, after, follow === true)) {
      if (type && !type.includes(event.type)) continue;
      if (node !== undefined && !("nodeId" in event && event.nodeId === node)) continue;
      await context.out.room();
      context.out.line(withSeq(event));
    }
    return undefined;
  },
});

function types(text: string, previous: unknown): EventType[] {
  const given = text.split(",").filter((one) => one !== "");
  for (const one of given) {
    if (eventTypes.includes(one as EventType)) continue;
    throw new InvalidArgumentError(`Unknown event type "${one}".${didYouMean(one, eventTypes)}`);
  }
  return [...((previous as EventType[] | undefined) ?? []), ...(given as EventType[])];
}
