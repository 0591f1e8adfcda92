import { InvalidArgumentError } from "commander";
import type { ArgumentDefinition, OptionDefinition } from "./command.ts";

/** Parser for an option whose value is a whole number. */
export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };

/** Parser for an option that may be given several times. */
export const list = (text: string, previous: unknown) => [...((previous as string[] | undefined) ?? []), text];

/** Arguments and options that several commands share. */
export const runArgument: ArgumentDefinition = {
  name: "[run]",
  description: "run id, an unambiguous prefix or suffix of one, or @last, the latest run (default: @last)",
};
export const nodeArgument: ArgumentDefinition = { name: "<node>", description: "node id" };
export const iteration: OptionDefinition = {
  flags: "-i, --iteration <n>",
  description: "iteration of the node's loop, counted from 0",
  parse: wholeNumber(0),
};
export const root: OptionDefinition = {
  flags: "--root <folder>",
  description: "folder that workflow paths and tools are confined to (default: the database's folder)",
};
/** What the tools of a run may do. */
export const toolOptions: readonly OptionDefinition[] = [
  { flags: "--allow-network", description: "let bash use the network" },
  { flags: "--readable <path>", description: "let bash read this path outside the root; repeatable", parse: list },
  {
    flags: "--writable <path>",
    description: "let tools change this path although the server loads it; repeatable",
    parse: list,
  },
];

export interface ToolOptions {
  readonly allowNetwork?: boolean;
  readonly readable?: readonly string[];
  readonly writable?: readonly string[];
}

/** The options that give a suggested command the same tools. */
export const toolFlags = ({ allowNetwork, readable = [], writable = [] }: ToolOptions): string[] => [
  ...(allowNetwork ? ["--allow-network"] : []),
  ...readable.flatMap((path) => ["--readable", path]),
  ...writable.flatMap((path) => ["--writable", path]),
];

export const follow: OptionDefinition = { flags: "-f, --follow", description: "keep printing until the run has ended" };
export const ofNode: OptionDefinition = { flags: "--node <node>", description: "only events of this node" };
/** The published package names the node by an option. */
export const nodeOption: OptionDefinition = { flags: "--node <node>", description: "id of the node", isHidden: true };
export const runOption: OptionDefinition = { flags: "--run-id <run>", description: "the run", isHidden: true };
/** The published package reads again after this many seconds; here a change is shown when it is read. */
export const interval: OptionDefinition = { flags: "--interval <seconds>", description: "no effect", isHidden: true };
export const watched: OptionDefinition = {
  flags: "--watch",
  description: "refresh when something changes, until Ctrl+C",
};
export const optionalNode: ArgumentDefinition = { name: "[node]", description: "id of the waiting node" };
export const note: OptionDefinition = { flags: "--note <text>", description: "the reason, stored with the decision" };
export const by: OptionDefinition = {
  flags: "--by <name>",
  description: "name of the sender (default: the user of this shell)",
};

/** The file with the token of a server. Unlike --auth-token, it shows the token to no one who lists the processes. */
export const authTokenFile = (description: string): OptionDefinition => ({
  flags: "--auth-token-file <file>",
  description,
  conflicts: ["authToken"],
});

/** Who may call a server without its token. */
export const allowedCallers: readonly OptionDefinition[] = [
  {
    flags: "--allow-host <name>",
    description: "host name under which a server without a token may be called; repeatable",
    parse: list,
  },
  {
    flags: "--allow-origin <origin>",
    description: "origin whose web pages may call the server; repeatable",
    parse: list,
  },
];
