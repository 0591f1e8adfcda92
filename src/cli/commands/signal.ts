import { defineCommand } from "../command.ts";
import { by, runArgument } from "../options.ts";
import { shellUser } from "../shell-user.ts";

interface Options {
  readonly data?: string;
  readonly correlationId?: string;
  readonly correlation?: string;
  readonly by?: string;
}

export const signal = defineCommand<Options>({
  name: "signal",
  group: "Control runs",
  summary: "Send a signal to a run",
  description:
    "The signal is kept until one wait with the same name and correlation id consumes it. A server that uses the " +
    "database continues the run at once; without a server, continue it with resume.",
  arguments: [runArgument, { name: "<name>", description: "signal name" }],
  options: [
    { flags: "-d, --data <json>", description: "payload: JSON, @file, or - for stdin" },
    { flags: "-c, --correlation-id <id>", description: "correlation id, which must equal that of the wait" },
    {
      flags: "--correlation <id>",
      description: "the same as --correlation-id",
      conflicts: ["correlationId"],
      isHidden: true,
    },
    by,
  ],
  state: "any",
  json: "value",
  examples: [
    ["signal deployed", "a signal without data, to the latest run"],
    [`signal 9e41c7 payment --correlation-id order-17 --data '{"paid":true}'`, "a signal with data"],
  ],
  async run(context, { data, correlation, correlationId = correlation, by }, given, name) {
    const [{ readJsonOption }, { sayHowToContinue }, state] = await Promise.all([
      import("../input/input.ts"),
      import("../how-to-continue.ts"),
      context.source(),
    ]);
    const { out } = context;
    const runId = await context.runId(given);
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
    out.line(`The signal "${name}" was stored for the run ${runId}.`);
    if (awaited !== undefined && awaited !== name) out.say(`The run is waiting for "${awaited}", not for "${name}".`);
    else sayHowToContinue(context, runId, await state.isTakenIn(runId));
    return undefined;
  },
});
