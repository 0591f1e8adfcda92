import { defineCommand } from "../command.ts";
import { allowNetwork, root, runArgument } from "../options.ts";

interface Options {
  readonly workflow?: string;
  readonly root?: string;
  readonly allowNetwork?: boolean;
}

export const resume = defineCommand<Options>({
  name: "resume",
  group: "Run workflows",
  summary: "Continue a run that has failed, was stopped or was left by a crash",
  description:
    "What has finished is never done again. On a database file the run is executed in this process until it ends " +
    "or waits for somebody; a server (--url) goes on with it itself.",
  arguments: [runArgument],
  options: [
    { flags: "--workflow <file>", description: "where its workflow is now, when it has moved" },
    root,
    allowNetwork,
  ],
  state: "any",
  json: "value",
  examples: [
    ["resume 0197c1d2", "go on with the run whose id begins so"],
    ["resume 0197c1d2 --workflow flows/release.tsx", "the same, with the workflow's file in another place"],
  ],
  async run(context, options, given) {
    const [{ resolveRun }, state] = await Promise.all([import("../source/resolve-run.ts"), context.source()]);
    const runId = await resolveRun(state, given!);
    if (state.kind === "server") {
      const { ServerSource } = await import("../source/server.ts");
      if (state instanceof ServerSource) await state.resume(runId, options.workflow);
      if (context.out.isJson) context.out.json({ runId });
      else context.out.line(`The server goes on with the run ${runId}.`);
      return undefined;
    }
    const { continueHere } = await import("../run/continue.ts");
    return continueHere(context, runId, options, (engine, source) => engine.resume(runId, source));
  },
});
