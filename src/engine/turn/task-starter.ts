import { isSmithersError, SmithersError, toErrorRecord } from "../../errors/index.ts";
import { currentValue, readFresh, type StoredOutput, type Workflow } from "../../jsx/index.ts";
import type { NewEvent, Node } from "../../model/index.ts";
import type { Plan, PlannedTask } from "../../plan/index.ts";
import type { Store } from "../../store/index.ts";
import { type Breach, budgetError, usageReports } from "../attempt/budget.ts";
import { toTaskValue } from "../attempt/value.ts";
import { latencyBreach, tokenBreach } from "./aspects.ts";
import { finishTask } from "./attempt-results.ts";
import { cacheKeyOf } from "./cache-key.ts";
import type { TurnDraft } from "./draft.ts";
import { isGranted } from "./question.ts";
import type { RunState } from "./run-state.ts";
import { startSubflow } from "./subflows.ts";
import { beginEventWait, beginTimer, requestApproval } from "./waits.ts";

/** The turn in which tasks start. */
export interface Starting {
  readonly draft: TurnDraft;
  readonly plan: Plan;
  readonly workflow: Workflow;
}

/** What the code of an attempt is called with. */
export interface TaskCode {
  readonly deps: unknown;
  readonly cacheKey: string | undefined;
}

/** Called when a task's code is to run. */
type LaunchCode = (code: TaskCode) => void;

/** Starts the tasks of a run that may start. */
export class TaskStarter {
  readonly #runState: RunState;
  readonly #store: Pick<Store, "findCached" | "readOutput" | "agentReports">;
  readonly #noteSubflow: ((node: Node, workflow: Workflow) => void) | undefined;

  /** @param noteSubflow learns which workflow a Subflow mounts whose run is started */
  constructor(
    runState: RunState,
    store: Pick<Store, "findCached" | "readOutput" | "agentReports">,
    noteSubflow: ((node: Node, workflow: Workflow) => void) | undefined,
  ) {
    this.#runState = runState;
    this.#store = store;
    this.#noteSubflow = noteSubflow;
  }

  /** Starts a planned task: its wait, its literal, its run or its code. */
  async start({ draft, plan, workflow }: Starting, node: Node, task: PlannedTask, launch: LaunchCode): Promise<void> {
    const { spec } = task;
    if (spec.skipIf) return draft.settle(node, "skipped");
    if (spec.kind === "approval") return requestApproval(draft, node, task);
    if (spec.kind === "event") return beginEventWait(draft, node, spec);
    if (spec.kind === "timer") return beginTimer(draft, node, spec);

    try {
      if (spec.kind === "subflow") {
        await startSubflow(draft, node, spec);
        return this.#noteSubflow?.(node, spec.workflow);
      }
      const deps = await this.#dependencies(task, plan, workflow);
      if (deps === "missing") return draft.settle(node, "skipped");
      if (spec.needsApproval && !isGranted(this.#runState.approval(task.key), task)) {
        return requestApproval(draft, node, task);
      }
      const cacheKey = cacheKeyOf(plan.workflowName, task, this.#runState.input, deps);
      const cached = cacheKey === undefined ? undefined : await this.#store.findCached(cacheKey);
      if (cached !== undefined) {
        return finishTask(draft, node, task, { json: cached, value: await readFresh(spec.output, cached) }, true);
      }
      if (spec.kind === "static") {
        return finishTask(draft, node, task, await toTaskValue(node.nodeId, spec.output, spec.value, spec.result));
      }
      for (const breach of await this.#breaches(draft, task, plan)) {
        draft.emit({ type: "BudgetExceeded", nodeId: node.nodeId, iteration: node.iteration, ...breach });
        if (breach.action === "skip-remaining") return draft.settle(node, "skipped");
        if (breach.action === "fail") throw budgetError(node.nodeId, breach);
      }
      launch({ deps, cacheKey });
    } catch (error) {
      // The fault is the dependency's, whatever this node tolerates.
      if (isSmithersError(error) && error.code === "STORED_VALUE_OUTDATED") throw error;
      draft.settle(node, "failed", toErrorRecord(error));
    }
  }

  /** The budgets that are used up when a task is about to start, by what is stored and what this turn has taken in. */
  async #breaches(draft: TurnDraft, task: PlannedTask, plan: Plan): Promise<Breach[]> {
    if (task.aspects.length === 0) return [];
    const stored = await this.#store.agentReports(this.#runState.runId);
    const events = [...stored.map(({ json }) => JSON.parse(json) as NewEvent), ...draft.events];
    const reports = usageReports(events);
    return [tokenBreach(task, plan, reports), latencyBreach(task, plan, this.#runState.nodes(), draft.nowMs)].filter(
      (breach) => breach !== undefined,
    );
  }

  /**
   * The outputs that a task's `deps` name; "missing" when one of those nodes was skipped or has failed.
   * @throws MISSING_OUTPUT when a node has stored another output than `deps` names
   */
  async #dependencies(
    { spec }: PlannedTask,
    plan: Plan,
    { registry }: Workflow,
  ): Promise<Record<string, unknown> | undefined | "missing"> {
    if (!("deps" in spec) || !spec.deps) return undefined;
    const values: Record<string, unknown> = {};
    for (const [name, { nodeId, output }] of Object.entries(spec.deps)) {
      const found = this.#outputFor(nodeId, plan);
      if (!found && spec.depsOptional) {
        values[name] = undefined;
        continue;
      }
      if (!found) return "missing";
      if (output && found.schemaKey !== output.key) {
        throw new SmithersError(
          "MISSING_OUTPUT",
          `The output of "${nodeId}" is "${found.schemaKey}", not "${output.key}".`,
          {
            details: { nodeId, output: output.key, given: found.schemaKey },
          },
        );
      }
      await this.#runState.values.read([found], registry, this.#store);
      values[name] = currentValue(found);
    }
    return values;
  }

  /** A node's value for those that depend on it: in a loop, that of the current iteration, which is the last one. */
  #outputFor(id: string, plan: Plan): StoredOutput | undefined {
    const target = plan.byId.get(id);
    // A mounted one stands in the last iteration that there is.
    if (target) return this.#runState.find(target.nodeId, target.iteration);
    const { nodeId } = this.#runState.placeOf(id);
    return this.#runState.find(nodeId, this.#runState.lastIteration(nodeId));
  }
}
