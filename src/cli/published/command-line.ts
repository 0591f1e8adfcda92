import type { CommandDefinition, OptionDefinition } from "../command.ts";

/** A command, with all of its options. */
export type CommandForm = Pick<CommandDefinition, "name"> & { readonly options: readonly OptionDefinition[] };

/**
 * Rewrites a command line in the manner of the published package to one that this command defines: a workflow file
 * stands for `up FILE`, and an option without a value may be followed by `true` or `false`.
 */
export function asDefined(argv: readonly string[], commands: readonly CommandForm[]): readonly string[] {
  const [name, ...words] = argv;
  if (name === undefined) return argv;
  const command = commands.find((one) => one.name === name);
  if (command) return [name, ...withPlainFlags(words, command.options)];
  return isWorkflowFile(name) ? asDefined(["up", ...argv], commands) : argv;
}

const isWorkflowFile = (word: string): boolean => /^[^-].*\.[cm]?[jt]sx?$/.test(word);

interface Flag {
  readonly option: OptionDefinition;
  readonly takes: "nothing" | "a value" | "perhaps a value";
}

function withPlainFlags(words: readonly string[], options: readonly OptionDefinition[]): string[] {
  const flags = flagsOf(options);
  const found: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    if (word === "--") return [...found, ...words.slice(at)];
    const [, name = word, attached] = /^(--[^=]+)=(true|false)$/.exec(word) ?? [];
    const flag = flags.get(name);
    const next = words[at + 1];
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
