import { hasEnded, type Run } from "../../model/index.ts";
import type { RunOutcome } from "../../store/index.ts";
import { manyLines } from "../../text/printable.ts";
import type { CommandContext } from "../command.ts";
import { duration } from "../terminal/format.ts";
import type { TerminalOutput } from "../terminal/output.ts";
import type { Host } from "./local-engine.ts";
import { type CommandLine, reasonLines } from "./waiting.ts";

const executing: ReadonlySet<string | undefined> = new Set(["resume", "retry"]);

/** Writes command lines that find the run again and execute it as it was executed here. */
export const commandLineOf =
  (context: CommandContext, { flags, executingFlags }: Host): CommandLine =>
  (...words) =>
    context.commandLine(...words, ...(executing.has(words[0]) ? executingFlags : []), ...flags);

/**
 * Prints the result of a run that was executed here: its output on stdout; with --json, one value with the fields of
 * `runWorkflow`'s result. Prints what to do next on stderr, unless that was printed before.
 */
export async function reportEnd(
  context: CommandContext,
  host: Host,
  { run, output }: RunOutcome,
  { wasStopped, isReported }: { wasStopped: boolean; isReported: boolean },
): Promise<void> {
  const { out } = context;
  const { runId, status, error } = run;
  if (out.isJson) out.json({ runId, status, output: output ?? null, ...(error ? { error } : {}) });
  else if (status === "finished" && output !== undefined) {
    out.line(typeof output === "string" ? manyLines(output) : JSON.stringify(output, null, 2));
  }
  if (isReported && hasEnded(status)) return;
  out.say(endOf(out, run, wasStopped));
  const commandLine = commandLineOf(context, host);
  if (hasEnded(status) && status !== "failed") return;
  if (status !== "running") for (const line of await reasonLines(commandLine, host, run)) out.say(line);
  if (status === "failed") return;
  out.say(`${status === "running" ? "Continue" : "Then continue"} the run:\n  $ ${commandLine("resume", runId)}`);
}

/** A run's state as a sentence. */
export function endOf(out: TerminalOutput, run: Run, wasStopped = false): string {
  const { runId, status, startedAtMs, finishedAtMs } = run;
  const took = startedAtMs === null || finishedAtMs === null ? "" : ` in ${duration(finishedAtMs - startedAtMs)}`;
  switch (status) {
    case "finished":
      return out.styleNote("green", `The run ${runId} has finished${took}.`);
    case "failed":
      return out.styleNote("red", `The run ${runId} failed${took}.`);
    case "cancelled":
      return out.styleNote("magenta", `The run ${runId} was cancelled.`);
    case "continued":
      return `The run ${runId} continued as ${run.continuedAs ?? "another run"}.`;
    default: {
      const waits = status !== "running" ? `The run ${runId} is waiting.` : `The run ${runId} is unfinished.`;
      return out.styleNote("yellow", wasStopped ? `The run ${runId} was stopped; finished work is kept.` : waits);
    }
  }
}
