import { isSmithersError } from "../../errors/index.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { usageError } from "../errors.ts";
import { runArgument } from "../options.ts";

interface Options {
  readonly all?: boolean;
}

/** Runs that are listed at once. */
const pageSize = 1_000;

export const cancel = defineCommand<Options>({
  name: "cancel",
  group: "Control runs",
  summary: "Cancel a running or waiting run, including its child processes",
  arguments: [runArgument],
  options: [{ flags: "--all", description: "cancel all runs that have not ended" }],
  state: "any",
  json: "value",
  examples: [
    ["cancel", "cancel the latest run"],
    ["cancel 9e41c7", "cancel the run whose id ends with 9e41c7"],
    ["cancel --all", "cancel all runs that have not ended"],
  ],
  async run(context, { all }, given) {
    if (!all) return cancelOne(context, given);
    if (given !== undefined) throw usageError(`Name the run "${given}" or --all, not both.`);
    return cancelAll(context);
  },
});

async function cancelOne(context: CommandContext, given: string | undefined): Promise<undefined> {
  const state = await context.source();
  const runId = await context.runId(given);
  await state.cancel(runId);
  const takenIn = await state.isTakenIn(runId);
  const { out } = context;
  if (out.isJson) out.json({ runId, takenIn });
  else out.line(cancelledText(runId, takenIn));
  return undefined;
}

const cancelledText = (runId: string, takenIn: boolean): string =>
  takenIn
    ? `The run ${runId} was cancelled.`
    : `The run ${runId} will be cancelled once the process that executes it sees the request.`;

async function cancelAll(context: CommandContext): Promise<undefined> {
  const state = await context.source();
  const asked: string[] = [];
  const seen = new Set<string>();
  // A run whose process has not seen the request yet is listed again.
  for (let isMore = true; isMore; ) {
    const runs = (await state.listRuns({ limit: pageSize, ended: "false" })).filter(({ runId }) => !seen.has(runId));
    isMore = runs.length > 0;
    for (const { runId } of runs) {
      seen.add(runId);
      try {
        await state.cancel(runId);
        asked.push(runId);
      } catch (error) {
        // It ended meanwhile.
        if (!isSmithersError(error) || error.code !== "RUN_NOT_ACTIVE") throw error;
      }
    }
  }
  const { out } = context;
  const results = await Promise.all(asked.map(async (runId) => ({ runId, takenIn: await state.isTakenIn(runId) })));
  if (out.isJson) out.json(results);
  else if (results.length === 0) out.say("All runs have ended.");
  for (const { runId, takenIn } of out.isJson ? [] : results) out.line(cancelledText(runId, takenIn));
  return undefined;
}
