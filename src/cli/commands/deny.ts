import { defineCommand } from "../command.ts";
import type { DecideOptions } from "../decide.ts";
import { by, iteration, nodeOption, note, optionalNode, runArgument } from "../options.ts";

export const deny = defineCommand<DecideOptions>({
  name: "deny",
  group: "Control runs",
  summary: "Deny a decision that a run is waiting for",
  description:
    "The node may be omitted if the run is waiting for a single decision. On a terminal, the command asks for what is " +
    "missing.",
  arguments: [runArgument, optionalNode],
  options: [nodeOption, iteration, note, by],
  state: "any",
  json: "value",
  examples: [['deny 9e41c7 ship --note "the tests are red"', "deny the node ship, with the reason"]],
  async run(context, options, given, nodeId) {
    const { decideApproval } = await import("../decide.ts");
    return decideApproval(context, "denied", options, given, nodeId);
  },
});
