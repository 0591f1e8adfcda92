import { InvalidArgumentError } from "commander";
import { defineCommand } from "../command.ts";
import type { DecideOptions } from "../decide.ts";
import { by, iteration, note, optionalNode, runArgument } from "../options.ts";

export const approve = defineCommand<DecideOptions>({
  name: "approve",
  group: "Decide",
  summary: "Approve what a run waits for",
  description:
    "The node may be left out when the run waits for one decision. On a terminal what is missing is asked for. A " +
    "server that uses the database goes on with the run at once; where none does, resume goes on with it.",
  arguments: [runArgument, optionalNode],
  options: [
    iteration,
    note,
    by,
    { flags: "--select <option>", description: "the option that is chosen, where one must be" },
    {
      flags: "--rank <options>",
      description: "all options, the best first, where they must be ranked: with commas between them, or a JSON list",
      parse: ranking,
    },
  ],
  state: "any",
  json: "value",
  examples: [
    ["approve 0197c1d2", "the one decision that the run waits for"],
    ['approve 0197c1d2 ship --note "after the freeze"', "the node ship, with a note"],
    ["approve 0197c1d2 plan --select small", "with the option that is chosen"],
  ],
  async run(context, options, given, nodeId) {
    const { decideApproval } = await import("../decide.ts");
    return decideApproval(context, "granted", options, given!, nodeId);
  },
});

function ranking(text: string): string[] {
  if (!text.startsWith("[")) return text.split(",").map((one) => one.trim());
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((one) => typeof one === "string")) return list;
  } catch {
    // Answered below, like a list of something else.
  }
  throw new InvalidArgumentError("A JSON list must hold the options' keys, as texts.");
}
