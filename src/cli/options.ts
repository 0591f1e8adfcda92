import { InvalidArgumentError } from "commander";
import type { ArgumentDefinition, OptionDefinition } from "./command.ts";

/** An option's parser for a whole number. */
export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };

/** Arguments and options that several commands take. */
export const runArgument: ArgumentDefinition = {
  name: "<run>",
  description: "its id, or a part that no other run's begins with or ends in",
};
export const nodeArgument: ArgumentDefinition = { name: "<node>", description: "the node's id" };
export const iteration: OptionDefinition = {
  flags: "-i, --iteration <n>",
  description: "of the node's loop, from 0",
  parse: wholeNumber(0),
};
export const root: OptionDefinition = {
  flags: "--root <folder>",
  description: "what workflow paths and tools are confined to; the database's folder when absent",
};
export const allowNetwork: OptionDefinition = { flags: "--allow-network", description: "lets bash use the network" };
export const follow: OptionDefinition = { flags: "-f, --follow", description: "go on until the run has ended" };
export const ofNode: OptionDefinition = { flags: "--node <node>", description: "only what concerns this node" };
export const optionalNode: ArgumentDefinition = { name: "[node]", description: "the node that waits" };
export const note: OptionDefinition = { flags: "--note <text>", description: "why, for those who read it later" };
export const by: OptionDefinition = {
  flags: "--by <name>",
  description: "who it comes from; the user of this shell when absent",
};

const list = (text: string, previous: unknown) => [...((previous as string[] | undefined) ?? []), text];
/** Who may call a server, besides those with its token. */
export const allowedCallers: readonly OptionDefinition[] = [
  {
    flags: "--allow-host <name>",
    description: "a host name that a server without a token answers; may be given several times",
    parse: list,
  },
  {
    flags: "--allow-origin <origin>",
    description: "an origin whose web pages may call the server; may be given several times",
    parse: list,
  },
];
