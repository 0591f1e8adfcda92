import { authoredId } from "../../jsx/index.ts";
import type { Node } from "../../model/index.ts";
import { nodeKey, type Plan, type PlanAspects, type PlannedTask } from "../../plan/index.ts";
import { type Breach, tokensOf, type UsageReport } from "../attempt/budget.ts";

/** The budget of a kind that holds for a task: the innermost one. */
function budgetFor<K extends "tokens" | "latency">({ aspects }: PlannedTask, kind: K) {
  const around = aspects.findLast(({ spec }) => spec[kind] !== undefined);
  return around && { around, budget: around.spec[kind]! };
}

/**
 * The token budget that is used up when a task is about to start.
 * @param reports what the run's agents have reported so far
 */
export function tokenBreach(task: PlannedTask, plan: Plan, reports: readonly UsageReport[]): Breach | undefined {
  const found = task.spec.kind === "agent" ? budgetFor(task, "tokens") : undefined;
  if (!found) return undefined;
  const { max, perTask = Number.POSITIVE_INFINITY, onExceeded: action } = found.budget;
  const byNode = new Map<string, number>();
  let used = 0;
  for (const report of reports) {
    const key = nodeKey(report.nodeId, report.iteration);
    if (!isBelow(found.around, report, plan) && key !== task.key) continue;
    used += tokensOf(report);
    byNode.set(key, (byNode.get(key) ?? 0) + tokensOf(report));
  }
  if (used >= max) return { budget: "tokens", of: "all", used, limit: max, action };
  // What one task has used is its own affair, unless it ends the others too.
  const one = action === "skip-remaining" ? Math.max(...byNode.values(), 0) : (byNode.get(task.key) ?? 0);
  return one > perTask ? { budget: "tokens", of: "task", used: one, limit: perTask, action } : undefined;
}

/** The latency budget that is used up when a task is about to start. */
export function latencyBreach(task: PlannedTask, plan: Plan, nodes: Iterable<Node>, nowMs: number): Breach | undefined {
  const found = budgetFor(task, "latency");
  if (!found) return undefined;
  const { max, onExceeded: action } = found.budget;
  let firstMs = nowMs;
  for (const { nodeId, startedAtMs } of nodes) {
    if (startedAtMs === null || startedAtMs >= firstMs) continue;
    if (plan.byId.get(authoredId(nodeId))?.aspects.includes(found.around)) firstMs = startedAtMs;
  }
  const used = nowMs - firstMs;
  return used > max ? { budget: "latency", of: "all", used, limit: max, action } : undefined;
}

/** The latency budget that an attempt has used up which took so long. */
export function attemptBreach(task: PlannedTask, tookMs: number): Breach | undefined {
  const found = budgetFor(task, "latency");
  const limit = found?.budget.perTask;
  if (limit === undefined || tookMs <= limit) return undefined;
  return { budget: "latency", of: "task", used: tookMs, limit, action: found!.budget.onExceeded };
}

/** Whether tokens count for a budget. What is no longer mounted is known by the positions that its reports name. */
function isBelow(around: PlanAspects, { nodeId, aspects }: UsageReport, plan: Plan): boolean {
  const mounted = plan.byId.get(authoredId(nodeId));
  return mounted ? mounted.aspects.includes(around) : aspects?.includes(around.key) === true;
}
