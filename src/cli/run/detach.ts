import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { newRunId } from "../../model/index.ts";
import { type CommandContext, type ExitCode, exitCodes } from "../command.ts";
import { databaseName, nearestDatabase, shortPath } from "../source/find-database.ts";

/** Set for the background process, which reports to its parent how it started. */
const mark = "SMITHERS_DETACHED";

/** What the background process reports once its run is stored. */
export interface Begun {
  readonly runId: string;
  readonly url?: string;
}

export const isDetached = (): boolean => process.env[mark] === "1";

/** Reports to the parent process that the run has started. */
export function tellBegun(begun: Begun): void {
  if (!isDetached() || !process.send) return;
  process.send(begun, () => process.disconnect?.());
}

/** Runs the same command line in the background, and waits until its run is stored. */
export async function detach(context: CommandContext, db: string | undefined, runId?: string): Promise<ExitCode> {
  const id = runId ?? newRunId();
  const base = dirname(resolve(db ?? nearestDatabase()?.file ?? databaseName));
  const folder = join(base, ".smithers");
  mkdirSync(folder, { recursive: true });
  const log = join(folder, `${id.replaceAll(":", "_")}.log`);
  const file = openSync(log, "a");
  const own = process.argv.slice(2).filter((word) => word !== "--detach" && word !== "-d");
  const args = [process.argv[1]!, ...own, ...(runId === undefined ? ["--run-id", id] : [])];
  const child = spawn(process.execPath, args, {
    detached: true,
    env: { ...process.env, [mark]: "1" },
    stdio: ["inherit", file, file, "ipc"],
  });
  closeSync(file);
  const begun = await new Promise<Begun | number>((tell) => {
    child.on("message", (message) => tell(message as Begun));
    child.on("exit", (code) => tell(code ?? exitCodes.failed));
    child.on("error", () => tell(exitCodes.failed));
  });
  if (typeof begun === "number") {
    context.out.say(readFileSync(log, "utf8").trimEnd());
    return begun as ExitCode;
  }
  child.unref();
  child.disconnect();
  const { out } = context;
  if (out.isJson) out.json({ ...begun, pid: child.pid, log });
  else {
    out.line(`The run ${begun.runId} is running in the background (process ${child.pid}).`);
    if (begun.url !== undefined) out.line(`It is served at ${begun.url}`);
    out.line(`Log file:  ${shortPath(log)}`);
    out.line(`Follow it: ${context.commandLine("logs", begun.runId, "--follow")}`);
    out.line(`Cancel it: ${context.commandLine("cancel", begun.runId)}`);
  }
  return exitCodes.done;
}
