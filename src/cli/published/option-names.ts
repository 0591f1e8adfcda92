/** Options of the published package under the names that they have here, by command. */
const otherNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  approve: { "-n": "--node" },
  deny: { "-n": "--node" },
  events: { "-l": "--limit", "-s": "--since", "-j": "--json", "-w": "--follow", "--watch": "--follow" },
  inspect: { "-w": "--watch" },
  node: { "-r": "--run-id", "-w": "--watch" },
  ps: { "-l": "--limit" },
  signal: { "--correlation": "--correlation-id" },
};

/** The name that an option of the published package has here. */
export function optionHere(command: string, name: string, next: string | undefined): string {
  // These flags mean something else there; what follows tells which one is meant.
  if (command === "ps" && name === "-w" && isNoValue(next)) return "--watch";
  if (command === "events" && name === "-n" && next !== undefined && !/^\d+$/.test(next)) return "--node";
  return otherNames[command]?.[name] ?? name;
}

const isNoValue = (word: string | undefined): boolean =>
  word === undefined || word.startsWith("-") || word === "true" || word === "false";

/** Options of the published package that this one does not have, and what to use instead, by command. */
const insteadByCommand: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  up: {
    "--log-dir": "A run's events are kept in the database: print them with smithers events.",
    "--max-output-bytes": "The output of a command is cut at 200 KB; let a task return what is larger from a file.",
    "--tool-timeout-ms": "Give the call its own limit in the workflow: bash(command, { timeoutMs }).",
  },
  logs: { "--follow-ancestry": "smithers inspect names the run that a run continues; print its logs by its id." },
  events: { "--group-by": "Choose the events of one node with --node." },
  node: { "--tools": "smithers node --json prints tool calls with their arguments." },
  init: { "--force": "init overwrites no file. Choose another folder: smithers init <folder>." },
  retry: { "--no-deps": "A retry executes the failed node and continues the run; finished steps are kept." },
};

/** Options that the published package has for every command. */
const insteadEverywhere: Readonly<Record<string, string>> = {
  "--mcp": "Use the HTTP API of smithers server: see docs/http.md.",
  "--llms": "Read llms.txt of the package.",
  "--llms-full": "Read llms-full.txt of the package.",
  "--schema": "smithers <command> --help lists a command's options.",
  "--filter-output": "Choose fields of --json with jq.",
  "--full-output": "--json prints everything.",
  "--token-count": "Cut the output with head.",
  "--token-limit": "Cut the output with head.",
  "--token-offset": "Cut the output with tail.",
};

/** What to use instead of an option of the published package; undefined when it has no such option either. */
export function insteadOfOption(command: string, name: string): string | undefined {
  const own = insteadByCommand[command];
  if (own && Object.hasOwn(own, name)) return own[name];
  return Object.hasOwn(insteadEverywhere, name) ? insteadEverywhere[name] : undefined;
}
