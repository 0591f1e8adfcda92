import type { Run } from "../model/index.ts";
import type { CommandContext } from "./command.ts";
import { stateWord } from "./format.ts";
import { manyLines } from "./output.ts";

/** Prints how a run stands that was executed here: with --json one value, else its output on stdout. */
export function reportEnd(context: CommandContext, run: Run, output: unknown): void {
  const { out } = context;
  const { runId, status, error } = run;
  if (out.isJson) {
    return out.json({ runId, status, output: output ?? null, ...(error ? { error } : {}) });
  }
  if (status === "finished" && output !== undefined) {
    out.line(typeof output === "string" ? manyLines(output) : JSON.stringify(output, null, 2));
  }
  out.say(`The run ${runId} is ${stateWord(out, status)}.`);
  if (error) out.say(manyLines(error.message));
  if (status === "failed")
    out.say(
      `Look at it with ${context.commandLine("inspect", runId)}; continue it with ${context.commandLine("resume", runId)}`,
    );
  if (status.startsWith("waiting-")) out.say(`What continues it: ${context.commandLine("why", runId)}`);
}
