import { InvalidArgumentError } from "commander";
import { defineCommand } from "../command.ts";
import { count } from "../terminal/format.ts";

interface Options {
  readonly olderThan: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

export const gc = defineCommand<Options>({
  name: "gc",
  group: "Maintenance",
  summary: "Delete runs that ended long ago and free their space",
  description:
    "Deletes runs that ended longer ago than the given time, with their outputs, events and frames, and cached results " +
    "that are older than that. Running and waiting runs are never deleted. The database may be in use meanwhile.",
  options: [
    {
      flags: "--older-than <time>",
      description: "minimum time since a run ended, such as 12h or 30d",
      default: "30d",
      parse: span,
    },
    { flags: "--dry-run", description: "only count the runs that would be deleted" },
    { flags: "--force", description: "delete also when the system's clock has jumped since a server last ran" },
  ],
  state: "database",
  json: "value",
  examples: [
    ["gc --dry-run", "count the runs that ended more than 30 days ago"],
    ["gc --older-than 7d", "delete the runs that ended more than a week ago"],
  ],
  async run(context, { olderThan, dryRun, force }) {
    const [{ parseDurationMs }, { prune, refuseAfterJump }, state] = await Promise.all([
      import("../../jsx/index.ts"),
      import("../../engine/index.ts"),
      context.database(),
    ]);
    const { out } = context;
    const windowMs = parseDurationMs(olderThan)!;
    const stores = await state.allStores();
    if (!dryRun && !force) for (const store of stores) await refuseAfterJump(store);
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
    else if (dryRun) out.line(`${count(removed.runs, "run")} that ended more than ${olderThan} ago would be deleted.`);
    else out.line(`Deleted ${count(removed.runs, "run")} and ${count(removed.cached, "cached result")}.`);
    return undefined;
  },
});

function span(text: string): string {
  if (/^\d+(\.\d+)?(ms|s|m|h|d|w)$/.test(text)) return text;
  throw new InvalidArgumentError("It must be a number followed by ms, s, m, h, d or w, such as 30d.");
}
