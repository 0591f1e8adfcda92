import { SmithersError } from "../../errors/index.ts";
import type { TokenBudget } from "../../jsx/index.ts";
import type { NewEvent } from "../../model/index.ts";

/** A budget that is used up. */
export type Breach = Omit<Extract<NewEvent, { type: "BudgetExceeded" }>, "type" | "nodeId" | "iteration">;

export type UsageReport = Extract<NewEvent, { type: "TokenUsageReported" }>;

/** The reports of used tokens among events. */
export const usageReports = (events: readonly NewEvent[]): UsageReport[] =>
  events.filter((event) => event.type === "TokenUsageReported");

/** The tokens of a report: of prompts and answers. */
export const tokensOf = ({ inputTokens = 0, outputTokens = 0 }: Pick<UsageReport, "inputTokens" | "outputTokens">) =>
  inputTokens + outputTokens;

/** The budget that holds for a task, and what the task has used of it before this attempt. */
export interface AgentBudget {
  /** Positions of the Aspects around the task. */
  readonly aspects: string[];
  readonly tokens: TokenBudget | undefined;
  readonly usedBefore: number;
}

/** The error of a task that fails because of a budget; it is not retried. */
export function budgetError(nodeId: string, { budget, of, used, limit }: Breach): SmithersError {
  const amount = budget === "tokens" ? `${used} tokens; the limit is ${limit}` : `${used} ms; the limit is ${limit} ms`;
  const problem =
    of === "task"
      ? `"${nodeId}" has used ${amount}.`
      : `"${nodeId}" was not started: the tasks below <Aspects> have used ${amount}.`;
  const error = new SmithersError("BUDGET_EXCEEDED", problem, { details: { budget, of, used, limit } });
  return Object.assign(error, { retryable: false });
}
