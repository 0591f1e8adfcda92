import type { CommandDefinition, OptionDefinition } from "../command.ts";
import { optionHere } from "./option-names.ts";

/** A command, with all of its options. */
export type CommandForm = Pick<CommandDefinition, "name"> & { readonly options: readonly OptionDefinition[] };

/**
 * Rewrites a command line in the manner of the published package to one that this command defines: a workflow file
 * stands for `up FILE`, options may precede the command, have other names, and be followed by `true` or `false`.
 * @param leading options that may precede the command
 */
export function asDefined(
  argv: readonly string[],
  commands: readonly CommandForm[],
  leading: readonly OptionDefinition[],
): readonly string[] {
  const [name, ...words] = commandFirst(argv, flagsOf(leading));
  if (name === undefined) return argv;
  if (name === "-v") return ["--version"];
  if (name === "down")
    return asDefined(["cancel", "--all", ...words.filter((word) => word !== "--force")], commands, []);
  const command = commands.find((one) => one.name === name);
  if (command) return [name, ...withPlainFlags(command, words)];
  return isWorkflowFile(name) ? asDefined(["up", name, ...words], commands, []) : [name, ...words];
}

/** Moves options that precede the command behind it. */
function commandFirst(argv: readonly string[], flags: ReadonlyMap<string, Flag>): readonly string[] {
  let at = 0;
  for (let word = argv[at]; word !== undefined; word = argv[at]) {
    const flag = flags.get(word.replace(/=.*/s, ""));
    if (!flag) break;
    at += flag.takes === "nothing" || word.includes("=") ? 1 : 2;
  }
  const command = argv[at];
  return at === 0 || command === undefined || command.startsWith("-")
    ? argv
    : [command, ...argv.slice(0, at), ...argv.slice(at + 1)];
}

const isWorkflowFile = (word: string): boolean => /^[^-].*\.[cm]?[jt]sx?$/.test(word);

interface Flag {
  readonly option: OptionDefinition;
  readonly takes: "nothing" | "a value" | "perhaps a value";
}

function withPlainFlags(command: CommandForm, words: readonly string[]): string[] {
  const flags = flagsOf(command.options);
  const found: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const given = words[at]!;
    if (given === "--") return [...found, ...words.slice(at)];
    const next = words[at + 1];
    const word = optionHere(command.name, given, next);
    const [, name = word, attached] = /^(--[^=]+)=(true|false)$/.exec(word) ?? [];
    const flag = flags.get(name);
    if (flag?.takes === "a value") {
      found.push(word, ...(word === name && next !== undefined ? [next] : []));
      at += 1;
    } else if (flag && isBoolean(attached ?? next)) {
      found.push(...switched(name, flag, (attached ?? next) === "true", flags));
      if (attached === undefined) at += 1;
    } else found.push(word);
  }
  return found;
}

const isBoolean = (word: string | undefined): boolean => word === "true" || word === "false";

/** The words that turn an option on or off. */
function switched(name: string, { option }: Flag, isOn: boolean, flags: ReadonlyMap<string, Flag>): string[] {
  if (isOn) return [name];
  const negated = `--no-${name.replace(/^-+/, "")}`;
  return option.default === true && flags.has(negated) ? [negated] : [];
}

function flagsOf(options: readonly OptionDefinition[]): Map<string, Flag> {
  return new Map(
    options.flatMap((option) => {
      const takes = option.flags.includes("<") ? "a value" : option.flags.includes("[") ? "perhaps a value" : "nothing";
      const names = option.flags.split(/[ ,]+/).filter((word) => word.startsWith("-"));
      return names.map((name): [string, Flag] => [name, { option, takes }]);
    }),
  );
}
