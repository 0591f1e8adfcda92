import { closeSync, lstatSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isSmithersError, SmithersError } from "../../errors/index.ts";
import { fileUnavailable, openPrivateLog } from "../../files/index.ts";
import { newRunId, runtime } from "../../runtime/index.ts";
import { type CommandContext, type ExitCode, exitCodes } from "../command.ts";
import { absoluteDatabase, databaseFolder, databaseName, nearestDatabase, shortPath } from "../source/find-database.ts";

/** Set for the background process, which reports to its parent how it started. */
const detachedVariable = "SMITHERS_DETACHED";

/** What the background process reports once its run is stored. */
export interface StartedRun {
  readonly runId: string;
  readonly url?: string;
}

/** Whether this is the background process. A process that a task of it starts inherits the variable, not the channel. */
export const isDetached = (): boolean => process.env[detachedVariable] === "1" && runtime.parent() !== undefined;

/** Reports to the parent process that the run has started. */
export function reportStarted(started: StartedRun): void {
  if (!isDetached()) return;
  const parent = runtime.parent()!;
  void parent.send(started).then(parent.close, parent.close);
}

/** Runs the same command line in the background, and waits until its run is stored. */
export async function detach(context: CommandContext, db: string | undefined, runId?: string): Promise<ExitCode> {
  const id = runId ?? newRunId();
  const base = databaseFolder(absoluteDatabase(db ?? nearestDatabase()?.file ?? databaseName));
  const log = join(base, ".smithers", `${id.replaceAll(":", "_")}.log`);
  const file = openLog(log);
  const args = [...process.argv.slice(1), ...(runId === undefined ? ["--run-id", id] : [])];
  const env = { ...process.env, [detachedVariable]: "1" };
  const child = runtime.spawn(args, { detached: true, env, outputFd: file });
  closeSync(file);
  const started = await new Promise<StartedRun | number>((settle) => {
    child.onMessage((message) => settle(message as StartedRun));
    void child.ended.then(({ code }) => settle(code ?? exitCodes.failed));
  });
  if (typeof started === "number") {
    const text = readFileSync(log, "utf8").trimEnd();
    // On a full disk, its log is empty.
    context.out.say(text || `The background process ended with code ${started} before its run was stored.`);
    return started as ExitCode;
  }
  child.release();
  const { out } = context;
  if (out.isJson) out.json({ ...started, pid: child.pid, log });
  else {
    out.line(`The run ${started.runId} is running in the background (process ${child.pid}).`);
    if (started.url !== undefined) out.line(`It is served at ${started.url}`);
    out.line(`Log file:  ${shortPath(log)}`);
    out.line(`Follow it: ${context.commandLine("logs", started.runId, "--follow")}`);
    out.line(`Cancel it: ${context.commandLine("cancel", started.runId)}`);
  }
  return exitCodes.done;
}

/**
 * Opens the log file. Commands of runs can write next to the database, so its folder may be no link.
 * @throws FILE_UNAVAILABLE, DB_FULL
 */
function openLog(path: string): number {
  try {
    const folder = dirname(path);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (lstatSync(folder).isSymbolicLink()) {
      throw new SmithersError("FILE_UNAVAILABLE", `The log file ${path} cannot be written: its folder is a link.`);
    }
    return openPrivateLog(path);
  } catch (error) {
    throw isSmithersError(error) ? error : fileUnavailable(`The log file ${path} cannot be written`, error);
  }
}
