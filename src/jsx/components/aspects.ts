import type { ReactElement, ReactNode } from "react";
import { React } from "../react.ts";
import type { LatencyBudget, TokenBudget } from "../specs.ts";
import { checkCount, checkMs, checkOneOf, refuse } from "./checks.ts";
import { leftOut } from "./left-out.ts";
import { checkFields, checkProps, propNames } from "./props.ts";

export interface TokenBudgetProp {
  /** Tokens, of prompts and answers, that all agents below may use in a run. */
  max: number;
  /** Tokens that one task may use, in all its attempts. */
  perTask?: number;
  /**
   * What exceeding leads to. `fail` (the default): the next agent's task fails instead of starting. `warn`: a
   * BudgetExceeded event. `skip-remaining`: the agents' tasks that have not started are skipped.
   */
  onExceeded?: "fail" | "warn" | "skip-remaining";
}

export interface LatencySloProp {
  /** Longest time since the first task below started, in ms. */
  maxMs: number;
  /** Longest time of one attempt, in ms. */
  perTask?: number;
  /** What exceeding leads to. `fail` (the default): the next task fails instead of starting. `warn`: an event. */
  onExceeded?: "fail" | "warn";
}

export interface AspectsProps {
  tokenBudget?: TokenBudgetProp;
  latencySlo?: LatencySloProp;
  /** Omits the children. */
  skipIf?: boolean;
  children?: ReactNode;
}

const aspectsProps = propNames<AspectsProps>({ tokenBudget: true, latencySlo: true, skipIf: true, children: true });

const where = "<Aspects>";
const refused = {
  costBudget: "costBudget is not supported, because providers do not tell what a call costs. Use tokenBudget.",
  tracking: "tracking is not supported: tokens and durations are always recorded. Remove the prop.",
};

/** Bounds the tokens and the time of the tasks below. Where several are nested, the innermost one of a kind counts. */
export function Aspects(props: AspectsProps): ReactElement | null {
  for (const [name, problem] of Object.entries(refused)) {
    if ((props as Record<string, unknown>)[name] !== undefined) refuse(where, problem);
  }
  checkProps("Aspects", props, aspectsProps);
  const { tokenBudget, latencySlo, skipIf = false, children } = props;
  if (tokenBudget === undefined && latencySlo === undefined) {
    refuse(where, "it has no budget. Give it a tokenBudget or a latencySlo.");
  }
  const spec = {
    type: "aspects" as const,
    tokens: tokenBudget === undefined ? undefined : toTokens(tokenBudget),
    latency: latencySlo === undefined ? undefined : toLatency(latencySlo),
  };
  if (skipIf) return leftOut(children);
  return React.createElement(
    "smithers:aspects",
    {
      spec,
      shown: { ...(spec.tokens && { tokenBudget: spec.tokens }), ...(spec.latency && { latencySlo: spec.latency }) },
    },
    children,
  );
}

function toTokens(given: TokenBudgetProp): TokenBudget {
  if (typeof given !== "object" || given === null) refuse(where, "tokenBudget must be an object with max.");
  checkFields<Required<TokenBudgetProp>>(where, "tokenBudget", given, { max: true, perTask: true, onExceeded: true });
  const { max, perTask, onExceeded = "fail" } = given;
  if (max === undefined) refuse(where, "tokenBudget.max is required.");
  checkCount(where, "tokenBudget.max", max, 0);
  checkCount(where, "tokenBudget.perTask", perTask, 0);
  checkOneOf(where, "tokenBudget.onExceeded", onExceeded, ["fail", "warn", "skip-remaining"]);
  return { max, perTask, onExceeded };
}

function toLatency(given: LatencySloProp): LatencyBudget {
  if (typeof given !== "object" || given === null) refuse(where, "latencySlo must be an object with maxMs.");
  checkFields<Required<LatencySloProp>>(where, "latencySlo", given, { maxMs: true, perTask: true, onExceeded: true });
  const { maxMs, perTask, onExceeded = "fail" } = given;
  if (maxMs === undefined) refuse(where, "latencySlo.maxMs is required.");
  checkMs(where, "latencySlo.maxMs", maxMs);
  checkMs(where, "latencySlo.perTask", perTask);
  checkOneOf(where, "latencySlo.onExceeded", onExceeded, ["fail", "warn"]);
  return { max: maxMs, perTask, onExceeded };
}
