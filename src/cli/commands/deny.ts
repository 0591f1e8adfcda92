import { defineCommand } from "../command.ts";
import type { DecideOptions } from "../decide.ts";
import { by, iteration, note, optionalNode, runArgument } from "../options.ts";

export const deny = defineCommand<DecideOptions>({
  name: "deny",
  group: "Decide",
  summary: "Deny what a run waits for",
  description:
    "The node may be left out when the run waits for one decision. On a terminal what is missing is asked for.",
  arguments: [runArgument, optionalNode],
  options: [iteration, note, by],
  state: "any",
  json: "value",
  examples: [['deny 0197c1d2 ship --note "the tests are red"', "the node ship, and why"]],
  async run(context, options, given, nodeId) {
    const { decideApproval } = await import("../decide.ts");
    return decideApproval(context, "denied", options, given!, nodeId);
  },
});
