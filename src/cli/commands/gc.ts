import { InvalidArgumentError } from "commander";
import { defineCommand } from "../command.ts";
import { count } from "../terminal/format.ts";

interface Options {
  readonly olderThan: string;
  readonly dryRun?: boolean;
}

export const gc = defineCommand<Options>({
  name: "gc",
  group: "Look after things",
  summary: "Remove runs that ended long ago, and give the space back",
  description:
    "Removes each run that ended before then, with its outputs, events and frames, and results that were cached " +
    "before then. Runs that wait or run are never removed. Others may use the database meanwhile.",
  options: [
    { flags: "--older-than <time>", description: "ended so long ago, as 12h or 30d", default: "30d", parse: span },
    { flags: "--dry-run", description: "only say how many runs would be removed" },
  ],
  state: "database",
  json: "value",
  examples: [
    ["gc --dry-run", "how many runs ended more than 30 days ago"],
    ["gc --older-than 7d", "remove those that ended more than a week ago"],
  ],
  async run(context, { olderThan, dryRun }) {
    const [{ parseDurationMs }, { prune }, state] = await Promise.all([
      import("../../jsx/index.ts"),
      import("../../engine/index.ts"),
      context.database(),
    ]);
    const { out } = context;
    const windowMs = parseDurationMs(olderThan)!;
    const stores = await state.allStores();
    const removed = { runs: 0, cached: 0 };
    for (const store of stores) {
      if (dryRun) removed.runs += await store.maintenance.countPrunable(Date.now() - windowMs);
      else {
        const { runs, cached } = await prune(store, windowMs);
        removed.runs += runs;
        removed.cached += cached;
      }
    }
    if (out.isJson) out.json({ ...removed, dryRun: dryRun === true });
    else if (dryRun) out.line(`${count(removed.runs, "run")} would be removed: ended more than ${olderThan} ago.`);
    else out.line(`Removed ${count(removed.runs, "run")} and ${count(removed.cached, "cached result")}.`);
    return undefined;
  },
});

function span(text: string): string {
  if (/^\d+(\.\d+)?(ms|s|m|h|d|w)$/.test(text)) return text;
  throw new InvalidArgumentError("Write a number and ms, s, m, h, d or w, as 30d.");
}
