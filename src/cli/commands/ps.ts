import type { RunListItem } from "../../api/index.ts";
import type { RunStatus } from "../../model/index.ts";
import { runStatuses } from "../../model/index.ts";
import { oneLine } from "../../text/printable.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { interval, wholeNumber } from "../options.ts";
import { ago, duration, stateWord } from "../terminal/format.ts";

interface Options {
  readonly status?: RunStatus;
  readonly limit: number;
  readonly workflow?: string;
  readonly watch?: boolean;
}

export const ps = defineCommand<Options>({
  name: "ps",
  group: "Inspect runs",
  summary: "List runs, newest first",
  options: [
    { flags: "-s, --status <status>", description: "only runs with this status", choices: runStatuses },
    { flags: "-w, --workflow <name>", description: "only runs of this workflow" },
    { flags: "-n, --limit <n>", description: "maximum number of runs", default: 50, parse: wholeNumber(1, 1_000) },
    { flags: "-a, --all", description: "runs that have ended too, which are always listed", isHidden: true },
    { flags: "--watch", description: "refresh the list when something changes, until Ctrl+C" },
    interval,
  ],
  description:
    "A generated id is shown by its end, as short as it is unambiguous; commands find the run by it. --json prints whole " +
    "ids.",
  state: "any",
  json: "value",
  examples: [
    ["ps", "the last 50 runs"],
    ["ps --status waiting-approval", "the runs that are waiting for an approval"],
    ["ps --json | jq -r '.[].runId'", "the runs' ids, for a script"],
  ],
  async run(context, options) {
    const state = await context.source();
    const { limit, status, workflow } = options;
    const list = () => state.listRuns({ limit, status, workflow });
    if (options.watch) {
      const { watch } = await import("../terminal/watch.ts");
      return watch(context.out, list, (runs) => print(context, runs));
    }
    await print(context, await list());
    return undefined;
  },
});

async function print(context: CommandContext, runs: readonly RunListItem[]): Promise<void> {
  const { out } = context;
  if (out.isJson) return out.json(runs);
  if (runs.length === 0) return out.say("No runs.");
  const { shortRunIds } = await import("../source/short-ids.ts");
  const shortId = await shortRunIds(
    await context.source(),
    runs.map(({ runId }) => runId),
  );
  const nowMs = Date.now();
  const rows = runs.map((run) => ({
    run: shortId.get(run.runId)!,
    workflow: oneLine(run.workflowName),
    state: stateWord(out, run.status === "continued" ? run.status : run.runState.state),
    started: ago(run.createdAtMs, nowMs),
    took: run.startedAtMs === null ? "" : duration((run.finishedAtMs ?? nowMs) - run.startedAtMs),
    about: oneLine(about(run)),
  }));
  await out.table(
    [
      { name: "run" },
      { name: "workflow", flexible: true, drop: 3 },
      { name: "state" },
      { name: "started", drop: 2 },
      { name: "took", align: "right", drop: 4 },
      { name: "about", flexible: true, drop: 5 },
    ],
    rows,
  );
}

/** The detail that explains the run's state. */
function about({ runState: { blocked, unhealthy, queued }, error }: RunListItem): string {
  if (error) return error.message;
  if (unhealthy) return unhealthy.reason.replace(/\.$/, "");
  if (blocked) return blocked.kind === "event" ? `${blocked.event} (${blocked.nodeId})` : blocked.nodeId;
  if (queued) return "waits for a free place";
  return "";
}
