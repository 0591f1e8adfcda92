import { defineCommand } from "../command.ts";
import { by, runArgument } from "../options.ts";
import { shellUser } from "../shell-user.ts";

interface Options {
  readonly data?: string;
  readonly correlationId?: string;
  readonly by?: string;
}

export const signal = defineCommand<Options>({
  name: "signal",
  group: "Decide",
  summary: "Send a run an event from outside",
  description:
    "It is kept until a wait of that name takes it, once. A server that uses the database goes on with the run at " +
    "once; where none does, resume goes on with it.",
  arguments: [runArgument, { name: "<name>", description: "the event's name" }],
  options: [
    { flags: "-d, --data <json>", description: "what it says: JSON, @ and a file of it, or - for stdin" },
    { flags: "-c, --correlation-id <id>", description: "which of that name; that of the wait must be the same" },
    by,
  ],
  state: "any",
  json: "value",
  examples: [
    ["signal 0197c1d2 deployed", "an event that says nothing but its name"],
    [`signal 0197c1d2 payment --correlation-id order-17 --data '{"paid":true}'`, "one with data"],
  ],
  async run(context, { data, correlationId, by }, given, name) {
    const [{ resolveRun }, { readJsonOption }, { sayWhoContinues }, state] = await Promise.all([
      import("../source/resolve-run.ts"),
      import("../input/input.ts"),
      import("../who-continues.ts"),
      context.source(),
    ]);
    const { out } = context;
    const runId = await resolveRun(state, given!);
    const awaited = (await state.findRun(runId)).runState.blocked?.event;
    const body = {
      data: data === undefined ? undefined : readJsonOption(data, "--data"),
      correlationId,
      receivedBy: by ?? shellUser(),
    };
    const answer = await state.signal(runId, name!, body);
    if (out.isJson) {
      out.json({ ...answer, takenIn: await state.isTakenIn(runId) });
      return undefined;
    }
    out.line(`The signal "${name}" is kept for the run ${runId}.`);
    if (awaited !== undefined && awaited !== name) out.say(`The run waits for "${awaited}", not for "${name}".`);
    else sayWhoContinues(context, runId, await state.isTakenIn(runId));
    return undefined;
  },
});
