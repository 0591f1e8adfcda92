import type { DatabaseSource } from "./source/database.ts";
import type { Source } from "./source/source.ts";
import type { TerminalOutput } from "./terminal/output.ts";

/** What the process exits with. A signal ends it with 128 and the signal's number, as a shell counts: 130, 143. */
export const exitCodes = {
  /** It was done; of a run: it has finished. */
  done: 0,
  /** It was tried and failed; of a run: it has failed. */
  failed: 1,
  /** The run was cancelled. */
  cancelled: 2,
  /** The run waits for a person, an event or a time. */
  waiting: 3,
  /** What was asked for makes no sense: nothing was done. */
  usage: 4,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes] | 130 | 143;

export interface ArgumentDefinition {
  /** As commander writes it: `<run>`, `[node]`, `<names...>`. */
  readonly name: string;
  readonly description: string;
  readonly choices?: readonly string[];
}

export interface OptionDefinition {
  /** As commander writes it: `-n, --limit <n>`. */
  readonly flags: string;
  readonly description: string;
  readonly default?: unknown;
  readonly choices?: readonly string[];
  /** Turns the text into the option's value; throws commander's InvalidArgumentError. */
  readonly parse?: (text: string, previous: unknown) => unknown;
  /** Options, by their camel-cased names, that make no sense beside it. */
  readonly conflicts?: readonly string[];
  readonly isHidden?: boolean;
}

/**
 * One command: what help, completions and docs/cli.md are made of, and what it does.
 * A module in `commands/` imports at its top only what is cheap; the rest comes by `await import` in `run`,
 * so that `smithers --help` loads none of it.
 */
export interface CommandDefinition<Options = Record<string, unknown>> {
  readonly name: string;
  readonly group: "Run workflows" | "Inspect runs" | "Control runs" | "Maintenance";
  /** One line, beginning with a verb, without a full stop. */
  readonly summary: string;
  /** What the summary does not say. */
  readonly description?: string;
  readonly arguments?: readonly ArgumentDefinition[];
  readonly options?: readonly OptionDefinition[];
  /**
   * Where it reads state: `any` takes --db, --url and --token; `database` takes --db, and refuses --url with the
   * reason; absent for a command that reads none.
   */
  readonly state?: "any" | "database";
  /** `--json` prints one value, `lines` one a line; absent for a command that has nothing to print. */
  readonly json?: "value" | "lines";
  /** Command lines without their `smithers`, and what they do. */
  readonly examples: readonly (readonly [command: string, does: string])[];
  run(context: CommandContext, options: Options, ...args: (string | undefined)[]): Promise<ExitCode | undefined>;
}

/** What every command is handed. */
export interface CommandContext {
  readonly out: TerminalOutput;
  /** Where the command line says that state is. */
  readonly location: StateLocation;
  /** The state that --db or --url names, or the nearest smithers.db; opened once, and closed after the command. */
  source(): Promise<Source>;
  /** The same, for what only a database can do; refuses --url. */
  database(): Promise<DatabaseSource>;
  /** A command line that finds the same place as this one: `smithers resume 42 --db other.db`. */
  commandLine(...words: readonly string[]): string;
}

/** Where state is, as the options and the environment say it. */
export interface StateLocation {
  /** A database's file, from --db. */
  readonly db?: string;
  /** A server's address, from --url or SMITHERS_URL. */
  readonly url?: string;
  /** From --token or SMITHERS_API_KEY. */
  readonly token?: string;
  /** Those of them that were written on the command line, to be written again. */
  readonly flags: readonly string[];
}

/** Gives the definition its options' type. */
export function defineCommand<Options>(definition: CommandDefinition<Options>): CommandDefinition {
  return definition as unknown as CommandDefinition;
}
