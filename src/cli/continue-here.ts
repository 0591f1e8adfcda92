import { relative } from "node:path";
import type { Engine, WorkflowSource } from "../engine/index.ts";
import type { CommandContext, ExitCode } from "./command.ts";
import { executeHere } from "./execute-here.ts";
import { loaderOf } from "./load-workflow.ts";
import { linesProgress } from "./progress-lines.ts";
import { reportEnd } from "./report-end.ts";

export interface ContinueOptions {
  /** Where the workflow is now, from the current folder. */
  readonly workflow?: string;
  readonly allowNetwork?: boolean;
}

/** Executes a run of a database in this process, from where it stands. */
export async function continueHere(
  context: CommandContext,
  runId: string,
  { workflow, allowNetwork }: ContinueOptions,
  begin: (engine: Engine, source: WorkflowSource | undefined) => Promise<void>,
): Promise<ExitCode> {
  const state = await context.database();
  const { store } = await state.holds(runId);
  const { rootDir } = state;
  const source = workflow === undefined ? undefined : await loaderOf(rootDir).load(relative(rootDir, workflow));
  return executeHere(context, {
    store,
    rootDir,
    allowNetwork,
    progress: linesProgress(context.out),
    begin: (engine) => begin(engine, source).then(() => runId),
    done: (run, output) => reportEnd(context, run, output),
  });
}
