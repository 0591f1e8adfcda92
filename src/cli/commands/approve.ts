import { InvalidArgumentError } from "commander";
import { defineCommand } from "../command.ts";
import type { DecideOptions } from "../decide.ts";
import { by, iteration, nodeOption, note, optionalNode, runArgument } from "../options.ts";

export const approve = defineCommand<DecideOptions>({
  name: "approve",
  group: "Control runs",
  summary: "Approve a decision that a run is waiting for",
  description:
    "The node may be omitted if the run is waiting for a single decision. On a terminal, the command asks for what is " +
    "missing. A server that uses the database continues the run at once; without a server, continue it with resume.",
  arguments: [runArgument, optionalNode],
  options: [
    nodeOption,
    iteration,
    note,
    by,
    { flags: "--select <option>", description: "key of the chosen option, for an approval that offers options" },
    {
      flags: "--rank <options>",
      description:
        "keys of all options, best first, for an approval that asks for a ranking: comma-separated or a JSON array",
      parse: ranking,
    },
    { flags: "-d, --data <json>", description: "answer, for a HumanTask: JSON, @file, or - for stdin" },
  ],
  state: "any",
  json: "value",
  examples: [
    ["approve", "approve the only decision that the latest run is waiting for"],
    ['approve 9e41c7 ship --note "after the freeze"', "approve the node ship, with a note"],
    ["approve @last plan --select small", "choose the option small"],
    [`approve @last review --data '{"approved":true}'`, "answer a HumanTask"],
  ],
  async run(context, options, given, nodeId) {
    const { decideApproval } = await import("../decide.ts");
    return decideApproval(context, "granted", options, given, nodeId);
  },
});

function ranking(text: string): string[] {
  if (!text.startsWith("[")) return text.split(",").map((one) => one.trim());
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((one) => typeof one === "string")) return list;
  } catch {
    // Invalid JSON is refused below, like an array of other values.
  }
  throw new InvalidArgumentError("A JSON array must contain the options' keys as strings.");
}
