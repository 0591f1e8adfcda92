import type { CommandContext } from "./command.ts";

/** After something was recorded for a run: says how it goes on where nobody does by himself. */
export function sayWhoContinues(context: CommandContext, runId: string, takenIn: boolean): void {
  if (takenIn) return;
  context.out.say(
    `It is recorded, but no server is using this database now. Continue the run here with:\n  ${context.commandLine("resume", runId)}`,
  );
}
