import type { RunDetail } from "../../api/index.ts";
import { withFullStop } from "../terminal/format.ts";
import type { Reason } from "./reason.ts";

export type Unhealthy = NonNullable<RunDetail["runState"]["unhealthy"]>;

/** The reason for a run that should be executed and has no living owner. */
export function ownerless(runId: string, unhealthy: Unhealthy): Reason {
  const what = `${withFullStop(unhealthy.reason)} ${whoContinues(unhealthy)}`;
  return { kind: "stale", what, commands: [["resume", runId]] };
}

/** Says when a run continues by itself. A failure, such as a workflow file that does not load, must be repaired first. */
function whoContinues(unhealthy: Unhealthy | undefined): string {
  return unhealthy?.code === undefined ? "A server that uses this database continues the run by itself." : repairFirst;
}

const repairFirst =
  "Repair that first. A server that uses this database then continues the run by itself; without one, resume it.";

/** The reason for a waiting run that cannot continue whatever arrives, for example because its file does not load. */
export function broken(runId: string, { reason, sinceMs }: Unhealthy): Reason {
  const what = `The run cannot continue: ${withFullStop(reason)} ${repairFirst}`;
  return { kind: "not-continued", sinceMs, what, commands: [["resume", runId]] };
}

/** The reason for something that arrived and was not taken in. */
export function notContinued(
  runId: string,
  at: Pick<Reason, "nodeId" | "iteration" | "sinceMs">,
  what: string,
  unhealthy: Unhealthy | undefined,
): Reason {
  const state =
    unhealthy?.code === undefined
      ? "the run has not continued yet."
      : `the run cannot continue: ${withFullStop(unhealthy.reason)}`;
  return {
    kind: "not-continued",
    ...at,
    what: `${what}, but ${state} ${whoContinues(unhealthy)}`,
    commands: [["resume", runId]],
  };
}
