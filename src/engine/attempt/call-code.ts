import type { TaskContext } from "../../jsx/index.ts";
import type { NewEvent, StoredEvent } from "../../model/index.ts";
import type { PlannedTask } from "../../plan/index.ts";
import { executeAgent } from "./agent.ts";
import { type AgentBudget, tokensOf, usageReports } from "./budget.ts";
import { sessionIn } from "./session.ts";
import type { AttemptSettings } from "./settings.ts";
import type { TimeLimits } from "./time-limits.ts";
import { leaveWorktree } from "./worktree.ts";

/** Calls the code of a task, or its agents. */
export function callCode(
  task: PlannedTask,
  deps: unknown,
  context: TaskContext,
  limits: TimeLimits,
  settings: AttemptSettings,
): unknown {
  const { spec } = task;
  if (spec.kind === "agent") {
    return executeAgent(spec, task.prompt, deps, {
      context,
      emit: settings.emit,
      validate: (work) => limits.without(work),
      sessionOf: async (agent) => sessionIn(await earlierReports(context, settings), context, agent),
      budget: async () =>
        task.aspects.length === 0 ? undefined : budgetOf(task, await earlierReports(context, settings)),
    });
  }
  if (spec.kind === "compute" && spec.removes) return leaveWorktree(spec.removes, context);
  // The dependencies come first when the task has any.
  if (spec.kind === "compute") return spec.deps ? spec.run(deps, context) : spec.run(context);
  throw new Error(`A node of kind ${spec.kind} has no code.`);
}

/** What the agents have reported before this attempt; nothing in the first one. */
async function earlierReports({ attempt }: TaskContext, settings: AttemptSettings): Promise<readonly StoredEvent[]> {
  return attempt > 1 ? settings.agentReports() : [];
}

function budgetOf({ aspects, nodeId, iteration }: PlannedTask, reports: readonly StoredEvent[]): AgentBudget {
  const own = usageReports(reports.map(({ json }) => JSON.parse(json) as NewEvent)).filter(
    (report) => report.nodeId === nodeId && report.iteration === iteration,
  );
  return {
    aspects: aspects.map(({ key }) => key),
    tokens: aspects.findLast(({ spec }) => spec.tokens)?.spec.tokens,
    usedBefore: own.reduce((sum, report) => sum + tokensOf(report), 0),
  };
}
