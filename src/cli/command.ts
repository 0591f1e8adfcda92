import type { DatabaseSource } from "./source/database.ts";
import type { Source } from "./source/source.ts";
import type { TerminalOutput } from "./terminal/output.ts";

/** Exit codes of the process. A signal ends it with 128 plus the signal's number, the shell's convention: 130, 143. */
export const exitCodes = {
  /** The command succeeded; a run that it executed has finished. */
  done: 0,
  /** The command failed; or a run that it executed has failed. */
  failed: 1,
  /** The run was cancelled. */
  cancelled: 2,
  /** The run is waiting for an approval, an event or a timer. */
  waiting: 3,
  /** The command was used wrongly, and nothing was done. */
  usage: 4,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes] | 130 | 143;

export interface ArgumentDefinition {
  /** Commander's syntax: `<run>`, `[node]`, `<names...>`. */
  readonly name: string;
  readonly description: string;
  readonly choices?: readonly string[];
}

export interface OptionDefinition {
  /** Commander's syntax: `-n, --limit <n>`. */
  readonly flags: string;
  readonly description: string;
  readonly default?: unknown;
  readonly choices?: readonly string[];
  /**
   * Turns the text into the option's value.
   * @throws commander's InvalidArgumentError
   */
  readonly parse?: (text: string, previous: unknown) => unknown;
  /** Camel-cased names of the options that cannot be combined with this one. */
  readonly conflicts?: readonly string[];
  readonly isHidden?: boolean;
}

/**
 * One command: its behaviour, and what help, completions and docs/cli.md are made from.
 * A module in `commands/` imports only cheap modules at its top and the others by `await import` in `run`. That keeps
 * `smithers --help` fast.
 */
export interface CommandDefinition<Options = Record<string, unknown>> {
  readonly name: string;
  readonly group: "Run workflows" | "Inspect runs" | "Control runs" | "Maintenance";
  /** One line that starts with a verb, without a full stop. */
  readonly summary: string;
  /** Further sentences for the help. */
  readonly description?: string;
  readonly arguments?: readonly ArgumentDefinition[];
  readonly options?: readonly OptionDefinition[];
  /**
   * Where the command reads state: `any` takes --db, --url and the token; `database` takes --db, and explains why it
   * refuses --url; absent for a command that reads none.
   */
  readonly state?: "any" | "database";
  /** Output of `--json`: one `value`, or `lines` of one value each; absent for a command without results. */
  readonly json?: "value" | "lines";
  /** Command lines without the leading `smithers`, and what they do. */
  readonly examples: readonly (readonly [command: string, does: string])[];
  run(context: CommandContext, options: Options, ...args: (string | undefined)[]): Promise<ExitCode | undefined>;
}

/** What a command gets to work with. */
export interface CommandContext {
  readonly out: TerminalOutput;
  /** Where the state is, according to the command line. */
  readonly location: StateLocation;
  /** The state named by --db or --url, or the nearest smithers.db. It is opened once, and closed after the command. */
  source(): Promise<Source>;
  /** Like `source`, for what only a database can do; refuses --url. */
  database(): Promise<DatabaseSource>;
  /**
   * Resolves an argument to a run id. `@last`, or no argument, stands for the latest run, which is then named on
   * stderr.
   * @throws RUN_NOT_FOUND, INVALID_USAGE when several runs match
   */
  runId(given: string | undefined): Promise<string>;
  /** A command line that finds the same state as this one: `smithers resume 42 --db other.db`. */
  commandLine(...words: readonly string[]): string;
}

/** Where the state is, according to the options and the environment. */
export interface StateLocation {
  /** Database file, from --db. */
  readonly db?: string;
  /** Address of a server, from --url or SMITHERS_URL. */
  readonly url?: string;
  /** Token of the server, from --token, --auth-token-file or SMITHERS_API_KEY. */
  readonly token?: string;
  /** The location options that were on the command line, to repeat them in suggested commands. */
  readonly flags: readonly string[];
}

/** Defines a command whose options have this type. */
export function defineCommand<Options>(definition: CommandDefinition<Options>): CommandDefinition {
  return definition as unknown as CommandDefinition;
}
