/**
 * The command line, made from the table in `commands/index.ts`.
 *
 * To add a command, write a file `commands/<name>.ts` that exports `defineCommand({ … })`, and add it to
 * `commands/index.ts`. Parsing, help, completions, docs/cli.md and the common options follow from the definition:
 *
 * - `state: "any"` adds --db, --url, --token and --auth-token-file; `context.source()` opens what they name. `"database"` adds --db;
 *   `context.database()` refuses a server.
 * - `json` adds --json and --format. When `out.isJson`, print with `out.json(value)`, or one line of JSON per item.
 * - `run` returns an exit code of `exitCodes`, or nothing for 0. It throws SmithersError; `usageError(…)` exits with 4.
 * - Print results with `context.out` (`line`, `table`, `json`), and notes for a person with `out.say`, which writes to
 *   stderr. A closed pipe ends the process quietly; a command that must continue without a reader calls
 *   `out.surviveClosedPipe()`.
 * - Pass text from outside through `oneLine` or `manyLines` of src/text. Format states, durations and times with
 *   format.ts.
 * - `runArgument` may be omitted, also in front of a required argument; `context.runId(given)` is the id of the run that
 *   it names.
 * - `context.commandLine("resume", runId)` writes a command that a person can copy.
 * - `chosenDatabase` and `nearestDatabase` of source/find-database.ts find the database file. Workflow paths and tools
 *   are relative to its folder, unless --root names another. `loaderOf(root)` of load-workflow.ts loads workflow files;
 *   its shadow files are removed when the command ends.
 * - `execute` of run/execute.ts executes a run in this process until it ends or waits for a person, shows its progress
 *   and handles Ctrl+C; `up`, `resume` and `retry` share it.
 */

import { Argument, Command, CommanderError, Option } from "commander";
import { printable } from "../text/printable.ts";
import { type CommandDefinition, type ExitCode, exitCodes, type OptionDefinition } from "./command.ts";
import { commands } from "./commands/index.ts";
import type { LocationOptions } from "./context.ts";
import { usageError } from "./errors.ts";
import { asDefined } from "./published/command-line.ts";
import { insteadOf } from "./published/missing-commands.ts";
import { insteadOfOption } from "./published/option-names.ts";
import { TerminalOutput } from "./terminal/output.ts";
import { type ResultFormat, resultFormats, resultWriter } from "./terminal/result-format.ts";

/** Options that several commands share. */
export const sharedOptions = {
  db: {
    flags: "--db <file>",
    description:
      "database file or postgres:// address; also SMITHERS_DB (default: the nearest smithers.db in this folder or above it)",
  },
  url: { flags: "--url <address>", description: "use a running server instead; also SMITHERS_URL", conflicts: ["db"] },
  token: { flags: "--token <token>", description: "the server's token; also SMITHERS_API_KEY" },
  tokenFile: {
    flags: "--auth-token-file <file>",
    description: "file with the server's token",
    conflicts: ["token"],
  },
  json: { flags: "--json", description: "print JSON" },
  format: {
    flags: "--format <format>",
    description: "print json, jsonl (one value a line) or yaml",
    choices: resultFormats,
    conflicts: ["json"],
  },
  lineFormat: {
    flags: "--format <format>",
    description: "print JSON, one value a line",
    choices: ["json", "jsonl"],
    conflicts: ["json"],
  },
} as const satisfies Record<string, OptionDefinition>;

/** All options of a command, its own first. */
export function optionsOf({ options = [], state, json }: CommandDefinition): readonly OptionDefinition[] {
  const { db, url, token, tokenFile } = sharedOptions;
  // A command that needs a database accepts --url, hidden, to explain why it refuses a server.
  const server =
    state === "database"
      ? [
          { ...url, isHidden: true },
          { ...token, isHidden: true },
          { ...tokenFile, isHidden: true },
        ]
      : [url, token, tokenFile];
  const formats =
    json === undefined ? [] : [sharedOptions.json, json === "value" ? sharedOptions.format : sharedOptions.lineFormat];
  const place = state === undefined ? [] : [db, ...server];
  return [...options, ...place, ...formats];
}

/**
 * Parses a command line and runs its command.
 * @param argv the arguments after the program's name
 * @throws what the command throws
 */
export async function runProgram(argv: readonly string[], version: string): Promise<ExitCode> {
  // The scripts of `smithers completions` call this.
  if (argv[0] === "__complete") {
    const { printCandidates } = await import("./completion/complete.ts");
    return printCandidates(
      commands.map((command) => ({ ...command, options: optionsOf(command) })),
      argv.slice(2),
    );
  }
  const line = commandLine(argv);
  let code: ExitCode = exitCodes.done;
  const program = new Command("smithers")
    .description("Run durable workflows, inspect their runs, and decide what they are waiting for.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .commandsGroup("Maintenance:")
    .helpCommand("help [command]", "Print help for a command")
    .configureOutput(printing)
    .exitOverride()
    .showHelpAfterError("See smithers --help for the commands, and smithers <command> --help for their options.")
    .configureHelp({ subcommandTerm: (command) => [command.name(), ...argumentNames(command)].join(" ") });
  const named = commands.filter((command) => command.name === line[0]);
  // Describing the options of all commands takes longer than parsing a line.
  for (const command of named.length > 0 ? named : commands) {
    program.addCommand(
      toCommander(command, async (options, args) => {
        code = await execute(command, options, args);
      }),
    );
  }
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(line, { from: "user" });
    return code;
  } catch (error) {
    // Commander has already printed the message.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    throw error;
  }
}

/**
 * The line that commander parses. It would answer `--help` of an unknown command with the general help, as if nothing
 * were wrong.
 * @throws INVALID_USAGE for a command or an option of the published package that does not exist here
 */
function commandLine(argv: readonly string[]): readonly string[] {
  const forms = commands.map((command) => ({ name: command.name, options: optionsOf(command) }));
  const line = asDefined(argv, forms, Object.values(sharedOptions));
  const name = line[0] === "help" ? line[1] : line[0];
  if (name === undefined || name === "help") return line;
  refuseMissingOption(line);
  if (name.startsWith("-") || commands.some((command) => command.name === name)) return line;
  const advice = insteadOf(name);
  if (advice === undefined) return [name];
  throw usageError(`The command "${name}" does not exist here.\n${advice}`);
}

/** @throws INVALID_USAGE for an option of the published package that does not exist here */
function refuseMissingOption([command = "", ...words]: readonly string[]): void {
  const isOnly = command.startsWith("-");
  for (const word of isOnly ? [command] : words) {
    if (word === "--") return;
    const name = word.replace(/=.*/s, "");
    const advice = insteadOfOption(command, name);
    if (advice !== undefined) throw usageError(`The option ${name} does not exist here.\n${advice}`);
  }
}

/** Where commander prints. A command that is added to another one does not take this over. */
const printing = {
  writeOut: (text: string) => process.stdout.write(printable(text)),
  writeErr: (text: string) => process.stderr.write(printable(text)),
};

type Act = (options: Record<string, unknown>, args: (string | undefined)[]) => Promise<void>;

function toCommander(definition: CommandDefinition, act: Act): Command {
  const { name, group, summary, description, examples } = definition;
  const command = new Command(name)
    .summary(summary)
    .description(description === undefined ? `${summary}.` : `${summary}.\n\n${description}`)
    .configureOutput(printing)
    .helpOption("-h, --help", "print this help")
    .helpGroup(`${group}:`)
    .exitOverride()
    .showHelpAfterError(`See smithers ${name} --help.`)
    .addHelpText(
      "after",
      `\nExamples:\n${examples.map(([line, does]) => `  $ smithers ${line}\n    ${does}`).join("\n")}`,
    );
  for (const { name, description, choices } of definition.arguments ?? []) {
    // Commander allows no required argument after an optional one; `placeWords` handles that case.
    const argument = new Argument(isFirstOmissible(definition) ? name.replace(/^<(.*)>$/, "[$1]") : name, description);
    command.addArgument(choices ? argument.choices(choices) : argument);
  }
  for (const option of optionsOf(definition)) command.addOption(toOption(option));
  command.usage(["[options]", ...argumentNames(command)].join(" "));
  return command.action(async (...given: unknown[]) => {
    const args = given.slice(0, -2) as (string | undefined)[];
    await act(given.at(-2) as Record<string, unknown>, placeWords(command, definition, args));
  });
}

/** Whether the first argument may be omitted although the second one is required: `[run] <node>`. */
function isFirstOmissible({ arguments: [first, second] = [] }: CommandDefinition): boolean {
  return first?.name.startsWith("[") === true && second?.name.startsWith("<") === true;
}

/** Assigns a command's words to its arguments: a single word is the required argument. */
function placeWords(command: Command, definition: CommandDefinition, words: (string | undefined)[]) {
  const [first, second] = words;
  if (!isFirstOmissible(definition) || second !== undefined) return words;
  const { name } = definition.arguments![1]!;
  if (first === undefined) {
    command.error(`error: missing required argument '${name.slice(1, -1)}'`, { code: "commander.missingArgument" });
  }
  return [undefined, first];
}

function toOption({ flags, description, choices, parse, conflicts, isHidden, ...rest }: OptionDefinition): Option {
  const option = new Option(flags, description);
  if (choices) option.choices(choices);
  if (parse) option.argParser(parse);
  if (conflicts) option.conflicts([...conflicts]);
  if (rest.default !== undefined) option.default(rest.default);
  if (isHidden) option.hideHelp();
  return option;
}

/** A command's arguments as defined; commander's own help command has none. */
function argumentNames(command: Command): string[] {
  const definition = commands.find(({ name }) => name === command.name());
  if (definition) return (definition.arguments ?? []).map(({ name }) => name);
  return command.registeredArguments.map((argument) => `[${argument.name()}]`);
}

async function execute(
  command: CommandDefinition,
  options: LocationOptions & Record<string, unknown>,
  args: (string | undefined)[],
): Promise<ExitCode> {
  const { Context } = await import("./context.ts");
  const format = options.json === true ? "json" : (options.format as ResultFormat | undefined);
  const write = format === undefined ? undefined : await resultWriter(format);
  const context = new Context(command, options, new TerminalOutput(write));
  try {
    return (await command.run(context, options, ...args)) ?? exitCodes.done;
  } finally {
    await context.close();
  }
}
