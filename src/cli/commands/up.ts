import { defineCommand, type OptionDefinition } from "../command.ts";
import { allowedCallers, authTokenFile, toolOptions, wholeNumber } from "../options.ts";
import type { UpOptions } from "../run/up.ts";

/** Options of the published package that need nothing here: a run whose process has ended can always be taken. */
const withoutEffect: readonly OptionDefinition[] = [
  { flags: "--force", description: "no effect", isHidden: true },
  { flags: "--supervise", description: "no effect", isHidden: true },
  { flags: "--supervise-dry-run", description: "no effect", isHidden: true },
  { flags: "--supervise-interval <duration>", description: "no effect", isHidden: true },
  { flags: "--supervise-stale-threshold <duration>", description: "no effect", isHidden: true },
  { flags: "--supervise-max-concurrent <n>", description: "no effect", isHidden: true },
];

export const up = defineCommand<UpOptions>({
  name: "up",
  group: "Run workflows",
  summary: "Run a workflow in this process and show its progress",
  description:
    "The run is stored in a database: finished work is kept even if this process crashes. The command exits with 0 if " +
    "the run has finished, 1 if it failed, 2 if it was cancelled, 3 if it is waiting for an approval or an event.\n" +
    "Workflow paths and tools are confined to --root; by default, to the folder of the nearest smithers.db, or else to " +
    "the current folder.",
  arguments: [{ name: "[workflow]", description: "workflow file; with --resume, the run's own may be omitted" }],
  options: [
    { flags: "-i, --input <json>", description: "the run's input: a JSON object, @file, or - for stdin" },
    { flags: "-r, --run-id <id>", description: "id of the run (default: a new unique id)" },
    {
      flags: "--resume [run]",
      description:
        "continue this run, or that of --run-id, instead of starting one (default: the latest run of this workflow, or of the database)",
    },
    {
      flags: "-c, --max-concurrency <n>",
      description: "maximum number of concurrent attempts (default: 4)",
      parse: wholeNumber(1),
    },
    {
      flags: "--db <file>",
      description:
        "database file, created if missing, or postgres:// address; also SMITHERS_DB (default: the nearest smithers.db)",
    },
    { flags: "--root <folder>", description: "folder that workflow paths and tools are confined to" },
    ...toolOptions,
    { flags: "--hot", description: "continue with the edited workflow when its files change" },
    { flags: "-d, --detach", description: "run in the background, with a log file" },
    { flags: "-s, --serve", description: "serve the run over HTTP until Ctrl+C, even after it has ended" },
    {
      flags: "-p, --port <port>",
      description: "with --serve: port to listen on; 0 picks a free port (default: 7331)",
      parse: wholeNumber(0, 65_535),
    },
    { flags: "--host <address>", description: "with --serve: address to listen on (default: 127.0.0.1)" },
    {
      flags: "--auth-token <token>",
      description: "with --serve: token that requests must send; also SMITHERS_API_KEY",
    },
    authTokenFile("with --serve: file with the token, which only its owner and its group may read"),
    { flags: "--insecure", description: "with --serve: serve other machines without a token" },
    ...allowedCallers,
    { flags: "--metrics", description: "with --serve: answer GET /metrics", default: true },
    { flags: "--no-metrics", description: "with --serve: do not answer GET /metrics" },
    { flags: "--log", description: "show progress", default: true, isHidden: true },
    { flags: "--no-log", description: "show no progress" },
    ...withoutEffect,
  ],
  json: "value",
  examples: [
    ['up release.tsx --input \'{"version": "1.2"}\'', "run a workflow"],
    ["up release.tsx --resume --run-id release-1", "continue a run that was stopped or failed"],
    ["up release.tsx --serve --port 0", "run a workflow and serve the run over HTTP"],
  ],
  async run(context, options, workflow) {
    const { runUp } = await import("../run/up.ts");
    return runUp(context, options, workflow);
  },
});
