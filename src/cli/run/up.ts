import { existsSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { runIdSchema } from "../../api/index.ts";
import { SmithersError } from "../../errors/index.ts";
import { newRunId } from "../../runtime/index.ts";
import type { CommandContext, ExitCode } from "../command.ts";
import { openSource } from "../context.ts";
import { asUsageError, usageError } from "../errors.ts";
import { readInput } from "../input/input.ts";
import type { ToolOptions } from "../options.ts";
import { DatabaseSource } from "../source/database.ts";
import { namedDatabase } from "../source/find-database.ts";
import { latestRun, resolveRun } from "../source/resolve-run.ts";
import { detach, isDetached } from "./detach.ts";
import { executeRun } from "./execute.ts";
import { type Host, isTelemetryOn, openHost } from "./local-engine.ts";
import { createProgressLogger } from "./log.ts";

export interface UpOptions extends ToolOptions {
  readonly input?: string;
  readonly runId?: string;
  /** The run's id, or true for the run of --run-id. */
  readonly resume?: string | boolean;
  readonly maxConcurrency?: number;
  readonly db?: string;
  readonly root?: string;
  readonly hot?: boolean;
  readonly detach?: boolean;
  readonly serve?: boolean;
  readonly port?: number;
  readonly host?: string;
  readonly authToken?: string;
  readonly authTokenFile?: string;
  readonly insecure?: boolean;
  readonly allowHost?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly metrics: boolean;
  readonly log?: boolean;
}

/** Starts or continues a run and executes it in this process. */
export async function runUp(context: CommandContext, typed: UpOptions, file: string | undefined): Promise<ExitCode> {
  const { workflow: named = file, ...rest } = withFile(typed, file);
  const options = { ...rest, db: namedDatabase(rest.db) };
  const resumed = runToResume(options);
  if (named === undefined && resumed === undefined) throw usageError("Name the workflow file: smithers up <workflow>.");
  const given = resumed ?? options.runId;
  if (given !== undefined && given !== latestRun && !runIdSchema.safeParse(given).success) {
    throw usageError(`Invalid run id ${JSON.stringify(given)}. Use 1 to 128 letters, digits and . _ : -`);
  }
  if (!options.serve) refuseServing(options);
  const input = readInput(options.input);
  for (const name of resumed === undefined ? [] : (["input", "max-concurrency"] as const)) {
    if ((name === "input" ? options.input : options.maxConcurrency) === undefined) continue;
    throw usageError(`A resumed run keeps its ${name}. Omit --${name}, or start a new run without --resume.`);
  }
  if (options.detach && !isDetached()) {
    if (options.input === "-") throw usageError("A background run has no stdin. Pass the input as @file.");
    if (given === latestRun) throw usageError("Name the run to resume in the background: --resume <run>.");
    return detach(context, options.db, given);
  }
  const serving = options.serve ? await resolveServing(options) : undefined;
  const log = createProgressLogger(context.out);
  const stored = named === undefined ? await storedWorkflow(context, options, resumed!) : undefined;
  const workflow = stored?.workflow ?? named!;
  const host = await openHost({
    ...options,
    ...stored,
    workflow,
    log,
    measured: serving !== undefined || isTelemetryOn(),
  });
  const runId = resumed === undefined ? (given ?? newRunId()) : await resolveResumedRun(host, stored?.runId ?? resumed);
  const { engine, source } = host;
  return executeRun(context, host, {
    runId,
    hot: options.hot ? resolve(workflow) : undefined,
    log,
    isQuiet: options.log === false,
    async begin() {
      if (resumed !== undefined) return engine.resume(runId, source);
      await engine.start({
        ...source,
        workflowName: basename(source.workflowPath, extname(source.workflowPath)),
        input,
        runId,
        config: options.maxConcurrency === undefined ? {} : { maxConcurrency: options.maxConcurrency },
      });
    },
    serve:
      serving &&
      (async () => {
        const { serveRun } = await import("../../server/index.ts");
        const telemetry = host.telemetry!;
        return serveRun({ engine, runId, metrics: options.metrics, logger: log, telemetry, serving });
      }),
  });
}

/** `--resume release.tsx` names the file, not a run. */
function withFile(options: UpOptions, file: string | undefined): UpOptions & { workflow?: string } {
  const { resume } = options;
  if (file !== undefined || typeof resume !== "string" || !existsSync(resume)) return options;
  return { ...options, resume: true, workflow: resume };
}

/** Finds the run to resume, and the workflow file, database and root that are stored with it. */
async function storedWorkflow(context: CommandContext, { db, root }: UpOptions, given: string) {
  const say = (text: string) => context.out.say(context.out.styleNote("dim", text));
  const state = (await openSource({ db, flags: [] }, root, say)) as DatabaseSource;
  try {
    const runId = await resolveRun(state, given);
    const { store, file } = await state.locate(runId);
    const path = (await store.findRun(runId))?.workflowPath;
    if (path == null) throw usageError(`The run "${runId}" has no workflow file. Name one: smithers up <workflow>.`);
    if (given === latestRun) say(`Latest run: ${runId}`);
    return { runId, workflow: resolve(state.rootDir, path), db: file, root: state.rootDir };
  } finally {
    await state.close();
  }
}

/**
 * Resolves the id of the run to resume; `@last` stands for the latest run of this file. Closes the host when there is
 * none.
 */
async function resolveResumedRun(host: Host, given: string): Promise<string> {
  try {
    const state = new DatabaseSource(host.store, host.file, host.rootDir);
    if (given !== latestRun) return await resolveRun(state, given);
    const path = host.source!.workflowPath;
    const latest = (await state.listRuns({ limit: 1_000 })).find(({ workflowPath }) => workflowPath === path);
    if (latest) return latest.runId;
    throw new SmithersError("RUN_NOT_FOUND", `There is no run of ${path}.`);
  } catch (error) {
    await host.engine.close(0);
    await host.close();
    throw error;
  }
}

/** The run to resume; undefined to start a new one. */
function runToResume({ resume, runId }: UpOptions): string | undefined {
  if (resume === undefined || resume === false || resume === "false") return undefined;
  if (typeof resume === "string" && resume !== "true") return resume;
  return runId ?? latestRun;
}

function refuseServing(options: UpOptions): void {
  for (const name of ["port", "host", "authToken", "authTokenFile", "insecure", "allowHost", "allowOrigin"] as const) {
    if (options[name] === undefined) continue;
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw usageError(`The option --${flag} requires --serve.`);
  }
}

async function resolveServing(options: UpOptions) {
  const { resolveServerOptions } = await import("../../server/index.ts");
  try {
    const { port, host, authToken, authTokenFile, insecure, allowHost, allowOrigin } = options;
    return resolveServerOptions({
      port,
      host,
      authToken,
      authTokenFile,
      insecure,
      allowedHosts: allowHost,
      allowedOrigins: allowOrigin,
    });
  } catch (error) {
    throw asUsageError(error);
  }
}
