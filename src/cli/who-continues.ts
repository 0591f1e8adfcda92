import type { CommandContext } from "./command.ts";

/** After something was recorded for a run: says how it goes on where nobody does by himself. */
export function sayWhoContinues(context: CommandContext, runId: string, takenIn: boolean): void {
  if (takenIn) return;
  context.out.say(
    `It is recorded, and nobody has taken it in: no server uses this database now. Go on here with:\n  ${context.commandLine("resume", runId)}`,
  );
}
