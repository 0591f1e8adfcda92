import { defineCommand } from "../command.ts";
import { allowedCallers, wholeNumber } from "../options.ts";
import type { UpOptions } from "../run/up.ts";

export const up = defineCommand<UpOptions>({
  name: "up",
  group: "Run workflows",
  summary: "Run a workflow here, and show how it goes",
  description:
    "The run lives in a database: what has finished stays, whatever happens to this process. It exits with 0 when the " +
    "run has finished, 1 when it has failed, 2 when it was cancelled, 3 when it waits for somebody.\n" +
    "Workflow paths and tools are confined to --root: without it to the folder of the nearest smithers.db, or this one.",
  arguments: [{ name: "<workflow>", description: "its file" }],
  options: [
    { flags: "-i, --input <json>", description: "an object in JSON, @file, or - for stdin" },
    { flags: "-r, --run-id <id>", description: "the run's id; one is made up when absent" },
    { flags: "--resume [run]", description: "go on with this run, or with that of --run-id, instead of starting one" },
    {
      flags: "-c, --max-concurrency <n>",
      description: "attempts at once; no limit when absent",
      parse: wholeNumber(1),
    },
    { flags: "--db <file>", description: "the database; made when there is none" },
    { flags: "--root <folder>", description: "what workflow paths and tools are confined to" },
    { flags: "--allow-network", description: "let bash use the network" },
    { flags: "--hot", description: "go on with the edited workflow whenever its files change" },
    { flags: "-d, --detach", description: "run in the background, with a log file" },
    { flags: "-s, --serve", description: "serve the run over HTTP, also after it has ended, until Ctrl+C" },
    { flags: "-p, --port <port>", description: "of --serve; 0 picks a free one (7331)", parse: wholeNumber(0, 65_535) },
    { flags: "--host <address>", description: "of --serve (127.0.0.1)" },
    { flags: "--auth-token <token>", description: "what requests must show; also SMITHERS_API_KEY" },
    { flags: "--insecure", description: "serve other machines without a token" },
    ...allowedCallers,
    { flags: "--metrics", description: "of --serve: answer GET /metrics", default: true },
    { flags: "--no-metrics", description: "of --serve: do not answer GET /metrics" },
  ],
  json: "value",
  examples: [
    ['up release.tsx --input \'{"version": "1.2"}\'', "run a workflow"],
    ["up release.tsx --resume --run-id release-1", "go on with a run that was stopped or has failed"],
    ["up release.tsx --serve --port 0", "run it, and answer for it over HTTP"],
  ],
  async run(context, options, workflow) {
    const { runUp } = await import("../run/up.ts");
    return runUp(context, options, workflow!);
  },
});
