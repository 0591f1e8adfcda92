import { relative, resolve } from "node:path";
import type { Engine, WorkflowSource } from "../../engine/index.ts";
import type { CommandContext, ExitCode } from "../command.ts";
import { loaderOf } from "../load-workflow.ts";
import type { ToolOptions } from "../options.ts";
import { executeRun } from "./execute.ts";
import { hostOn, isTelemetryOn } from "./local-engine.ts";
import { createProgressLogger } from "./log.ts";

export interface ContinueOptions extends ToolOptions {
  /** The workflow's file, relative to the current folder, if it has moved. */
  readonly workflow?: string;
}

/** Continues a run of a database in this process. */
export async function continueHere(
  context: CommandContext,
  runId: string,
  { workflow, ...tools }: ContinueOptions,
  begin: (engine: Engine, source: WorkflowSource | undefined) => Promise<void>,
): Promise<ExitCode> {
  const state = await context.database();
  const { store, file } = await state.locate(runId);
  const { rootDir } = state;
  const source =
    workflow === undefined ? undefined : await loaderOf(rootDir).load(relative(rootDir, resolve(workflow)));
  const log = createProgressLogger(context.out);
  const host = await hostOn(store, { file, rootDir, tools, log, source, measured: isTelemetryOn() });
  return executeRun(context, host, { runId, begin: () => begin(host.engine, source), log });
}
