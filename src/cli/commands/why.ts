import { manyLines } from "../../text/printable.ts";
import { defineCommand } from "../command.ts";
import { runArgument } from "../options.ts";
import { duration, phraseOf, withFullStop } from "../terminal/format.ts";
import type { Reason } from "../why/reason.ts";

export const why = defineCommand({
  name: "why",
  group: "Inspect runs",
  summary: "Explain why a run is waiting or has failed, and how to continue it",
  arguments: [runArgument],
  state: "any",
  json: "value",
  examples: [
    ["why", "why the latest run does not continue"],
    ["why 9e41c7", "why the run whose id ends with 9e41c7 does not continue"],
  ],
  async run(context, _, given) {
    const [{ whyOf }, state] = await Promise.all([import("../why/why.ts"), context.source()]);
    const { out } = context;
    const overview = await state.overview(await context.runId(given));
    const { runId, status, runState } = overview.run;
    const reasons = (await whyOf(state, overview)).map((reason) => ({
      ...reason,
      commands: reason.commands.map((words) => context.commandLine(...words)),
    }));
    if (out.isJson) {
      out.json({ runId, status, state: runState.state, reasons });
      return undefined;
    }
    out.line(`The run ${runId} ${phraseOf(status === "continued" ? status : runState.state, out.style)}.`);
    const nowMs = Date.now();
    for (const { kind, what, sinceMs, commands } of reasons) {
      out.line(
        `\n${manyLines(withFullStop(what))}${typeof sinceMs === "number" ? out.style("dim", ` ${since(kind, nowMs - sinceMs)}`) : ""}`,
      );
      for (const command of commands) out.line(`  $ ${command}`);
    }
    return undefined;
  },
});

/** How long ago something happened, or how long it has lasted. */
function since(kind: Reason["kind"], ms: number): string {
  return kind === "failed" ? `That was ${duration(ms)} ago.` : `For ${duration(ms)}.`;
}
