import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { CommandDefinition } from "../src/cli/command.ts";
import { commands } from "../src/cli/commands/index.ts";
import { optionsOf, sharedOptions } from "../src/cli/program.ts";
import { replaceMarked } from "./marked-page.ts";

const page = fileURLToPath(new URL("../docs/cli.md", import.meta.url));

/** The text of docs/cli.md, with the commands as the code defines them. */
export function cliPage(text = readFileSync(page, "utf8")): string {
  return replaceMarked(text, "commands", "cli-page.ts", `${list()}\n\n${sections()}`);
}

function list(): string {
  const groups = [...new Set(commands.map(({ group }) => group))];
  const rows = groups.map((group) => {
    const names = commands.filter((command) => command.group === group).map(({ name }) => `[\`${name}\`](#${name})`);
    return `| ${group} | ${names.join(", ")} |`;
  });
  return ["|     |     |", "| --- | --- |", ...rows].join("\n");
}

const sections = () => commands.map(section).join("\n\n");

function section(command: CommandDefinition): string {
  const { name, summary, description, examples } = command;
  const args = command.arguments ?? [];
  const usage = ["smithers", name, ...args.map((argument) => argument.name), "[options]"].join(" ");
  const shared: readonly string[] = Object.values(sharedOptions).map(({ flags }) => flags);
  const shown = optionsOf(command).filter(({ isHidden }) => !isHidden);
  const own = shown.filter((option) => command.options?.includes(option));
  const common = shown.filter(({ flags }) => shared.includes(flags));
  const rows = [
    ...args.map((argument) => [argument.name, argument.description + choices(argument.choices)]),
    ...own.map((option) => [option.flags, option.description + choices(option.choices) + usual(option.default)]),
  ];
  const also = common.filter((option) => !own.includes(option)).map(({ flags }) => code(flags.split(" ")[0]!));
  const width = Math.max(...examples.map(([line]) => line.length));
  return [
    `### ${name}`,
    `\`${usage}\``,
    `${summary}.${description === undefined ? "" : ` ${description.replaceAll("\n", " ")}`}`,
    ...(rows.length > 0 ? [["|     |     |", "| --- | --- |", ...rows.map(row)].join("\n")] : []),
    ...(also.length > 0 ? [`Common options: ${also.join(", ")}.`] : []),
    ["```sh", ...examples.map(([line, does]) => `smithers ${line.padEnd(width)}   # ${does}`), "```"].join("\n"),
  ].join("\n\n");
}

const row = ([name, about]: readonly string[]) => `| ${code(name!)} | ${about!.replaceAll("|", "\\|")} |`;
const choices = (list: readonly string[] | undefined) => (list ? `: ${list.map(code).join(", ")}` : "");
const usual = (value: unknown) =>
  value === undefined || value === true || value === 0 ? "" : ` (default: ${code(String(value))})`;
const code = (text: string) => `\`${text.replaceAll("|", "\\|")}\``;

if (import.meta.main) writeFileSync(page, cliPage());
