import type { CommandContext } from "./command.ts";

/** Prints how to continue a run when no process has picked up what was recorded for it. */
export function sayHowToContinue(context: CommandContext, runId: string, takenIn: boolean): void {
  if (takenIn) return;
  context.out.say(
    `It is recorded, but no server is using this database now. Continue the run here with:\n  ${context.commandLine("resume", runId)}`,
  );
}
