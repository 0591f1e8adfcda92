import { oneLine } from "../../text/printable.ts";
import { type CommandDefinition, type ExitCode, exitCodes, type OptionDefinition } from "../command.ts";
import { locateState, openSource } from "../context.ts";
import { runArgument } from "../options.ts";
import { latestRun, resolveRun } from "../source/resolve-run.ts";
import type { Source } from "../source/source.ts";

/** A word that may complete the current one, and its description. */
interface Candidate {
  readonly value: string;
  readonly about: string;
}

/** A command line, parsed as far as it is typed. */
interface ParsedWords {
  readonly positionals: readonly string[];
  /** Values of the options, by long flag. */
  readonly values: ReadonlyMap<string, string>;
  /** The option whose value is being typed. */
  readonly awaits: OptionDefinition | undefined;
}

const listed = 50;

/**
 * Prints the candidates for the last word, one per line with a description. Prints nothing where a file is expected.
 * @param commands each with all of its options
 * @param words the words after `smithers`; the last one may be incomplete
 */
export async function printCandidates(
  commands: readonly CommandDefinition[],
  words: readonly string[],
): Promise<ExitCode> {
  const current = words.at(-1) ?? "";
  // Completions have nowhere to show an error.
  const candidates = await candidatesFor(commands, words.slice(0, -1), current).catch(() => []);
  for (const { value, about } of candidates) {
    // Each output line holds one word, so a value with line breaks cannot be offered.
    if (value.startsWith(current) && value === oneLine(value)) process.stdout.write(`${value}\t${about}\n`);
  }
  return exitCodes.done;
}

async function candidatesFor(
  commands: readonly CommandDefinition[],
  before: readonly string[],
  current: string,
): Promise<Candidate[]> {
  const [name, ...rest] = before;
  if (name === undefined) {
    if (current.startsWith("-")) return [];
    return commands.map((command) => ({ value: command.name, about: command.summary }));
  }
  const command = commands.find((one) => one.name === name);
  if (!command) return [];
  const options = command.options ?? [];
  const { positionals, values, awaits } = read(options, rest);
  if (awaits) return (awaits.choices ?? []).map((value) => ({ value, about: "" }));
  if (current.startsWith("-"))
    return options
      .filter(({ isHidden }) => !isHidden)
      .map((option) => ({ value: longFlag(option), about: option.description }));
  const argument = command.arguments?.[positionals.length];
  if (argument?.choices) return argument.choices.map((value) => ({ value, about: argument.description }));
  if (!argument || !command.state) return [];
  const source = await openSource(
    locateState({
      db: values.get("--db"),
      url: values.get("--url"),
      token: values.get("--token"),
      authTokenFile: values.get("--auth-token-file"),
    }),
  );
  try {
    return await stored(source, argument.name, positionals);
  } finally {
    await source.close();
  }
}

function read(options: readonly OptionDefinition[], words: readonly string[]): ParsedWords {
  const positionals: string[] = [];
  const values = new Map<string, string>();
  let awaits: OptionDefinition | undefined;
  for (const word of words) {
    if (awaits) {
      values.set(longFlag(awaits), word);
      awaits = undefined;
    } else if (word.startsWith("-")) {
      const [flag, value] = word.split("=", 2);
      const option = options.find(({ flags }) => flags.split(/[ ,]+/).includes(flag!));
      if (value !== undefined && option) values.set(longFlag(option), value);
      else if (option?.flags.includes("<")) awaits = option;
    } else positionals.push(word);
  }
  return { positionals, values, awaits };
}

const longFlag = ({ flags }: OptionDefinition) => /--[\w-]+/.exec(flags)![0];

/** Candidates for an argument, from the stored runs. */
async function stored(source: Source, argument: string, positionals: readonly string[]): Promise<Candidate[]> {
  if (argument === runArgument.name) {
    const runs = await source.listRuns({ limit: listed });
    const latest = runs.length === 0 ? [] : [{ value: latestRun, about: "the latest run" }];
    const named = runs.map(({ runId, workflowName, runState }) => ({
      value: runId,
      about: oneLine(`${workflowName}, ${runState.state}`),
    }));
    return [...named, ...latest];
  }
  const runId = await resolveRun(source, positionals[0] ?? latestRun);
  if (argument.includes("node")) {
    const nodes = await source.listNodes(runId);
    return nodes.map(({ nodeId, state }) => ({ value: nodeId, about: state }));
  }
  const event = (await source.findRun(runId)).runState.blocked?.event;
  return event === undefined ? [] : [{ value: event, about: "the signal that the run is waiting for" }];
}
