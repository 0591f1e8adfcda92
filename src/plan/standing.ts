import { isSettled, type NodeState } from "../model/index.ts";
import type { NodeProgress, Plan, PlanLoop, PlanNode, PlannedTask, PlanTry } from "./types.ts";

/** How the parts of a plan stand, by the stored state of their nodes. Starts and changes nothing. */
export class Standing {
  readonly #plan: Plan;
  readonly #state: { progress(key: string): NodeProgress | undefined };
  readonly #over = new Map<PlanLoop, boolean>();
  // Asked for several times at each level of nested parts: without these, the time would double with each.
  readonly #failures = new Map<PlanTry, PlannedTask | undefined>();
  readonly #settled = new Map<PlanTry, boolean>();

  constructor(plan: Plan, state: { progress(key: string): NodeProgress | undefined }) {
    this.#plan = plan;
    this.#state = state;
  }

  /** Whether a task that depends on the node `id` need not wait for it any more. */
  isDone(id: string, from: PlannedTask): boolean {
    const target = this.#plan.byId.get(id);
    // What is not mounted is not waited for, once it has finished; see the reconciliation in the engine.
    if (!target) return this.#plan.leftOut.has(id) || isFinished(this.#state.progress(id)?.state);
    // From outside a body that has failed, nothing in it is waited for once it has come to rest.
    if (
      target.tries.some((one) => !from.tries.includes(one) && this.firstFailure(one.body) && !this.isRunning(one.body))
    ) {
      return true;
    }
    const found = this.#state.progress(target.key)?.state;
    if (found === undefined || !isSettled(found) || (found === "failed" && !target.spec.continueOnFail)) return false;
    // From outside a loop, what stands in it is done when the loop is over.
    const entered = target.loops.find((loop, depth) => from.loops[depth] !== loop);
    return entered === undefined || this.isOver(entered);
  }

  /** The first task, in plan order, that fails what is around this node. */
  firstFailure(node: PlanNode): PlannedTask | undefined {
    switch (node.type) {
      case "task": {
        const { key, spec } = node.task;
        return !spec.continueOnFail && this.#state.progress(key)?.state === "failed" ? node.task : undefined;
      }
      case "sequence":
        return firstIn(node.children, (child) => this.firstFailure(child));
      case "parallel":
        return firstIn(node.open, (child) => this.firstFailure(child));
      case "loop":
        return this.firstFailure(node.body);
      case "continue":
        return undefined;
      case "try": {
        if (!this.#failures.has(node)) this.#failures.set(node, this.#failureOf(node));
        return this.#failures.get(node);
      }
    }
  }

  #failureOf(node: PlanTry): PlannedTask | undefined {
    const failure = this.firstFailure(node.body);
    const inCleanup = this.firstFailure(node.cleanup);
    if (!failure || inCleanup || this.isRunning(node.body)) return inCleanup;
    // The failure reaches what is around once the handler and the cleanup are over.
    const inHandler = this.firstFailure(node.handler);
    if (inHandler ? this.isRunning(node.handler) : !this.hasSettled(node.handler)) return undefined;
    return this.hasSettled(node.cleanup) ? (inHandler ?? (node.handled ? undefined : failure)) : undefined;
  }

  /** Whether an attempt of a task in this part is running. */
  isRunning(node: PlanNode): boolean {
    switch (node.type) {
      case "task":
        return this.#state.progress(node.task.key)?.state === "in-progress";
      case "sequence":
        return node.children.some((child) => this.isRunning(child));
      case "parallel":
        return node.open.some((child) => this.isRunning(child));
      case "loop":
        return this.isRunning(node.body);
      case "continue":
        return false;
      case "try":
        return this.isRunning(node.body) || this.isRunning(node.handler) || this.isRunning(node.cleanup);
    }
  }

  /** Whether a loop has run its last iteration. */
  isOver(loop: PlanLoop): boolean {
    const known = this.#over.get(loop);
    if (known !== undefined) return known;
    const { until, maxIterations, onMaxReached } = loop.spec;
    const isLast = until || (loop.iteration + 1 >= maxIterations && onMaxReached === "return-last");
    const result = isLast && this.hasSettled(loop.body);
    this.#over.set(loop, result);
    return result;
  }

  /** Whether everything in a part is done: it lets what comes after it start. */
  hasSettled(node: PlanNode): boolean {
    switch (node.type) {
      case "task": {
        const found = this.#state.progress(node.task.key)?.state;
        return found !== undefined && isSettled(found) && (found !== "failed" || node.task.spec.continueOnFail);
      }
      case "sequence":
        return node.children.slice(node.settledUpTo).every((child) => this.hasSettled(child));
      case "parallel":
        return node.open.every((child) => this.hasSettled(child));
      case "loop":
        return this.isOver(node);
      case "continue":
        return false;
      case "try": {
        const settled = this.#settled.get(node) ?? this.#hasTrySettled(node);
        this.#settled.set(node, settled);
        return settled;
      }
    }
  }

  #hasTrySettled(node: PlanTry): boolean {
    if (this.firstFailure(node)) return false;
    return this.hasSettled(this.firstFailure(node.body) ? node.handler : node.body) && this.hasSettled(node.cleanup);
  }
}

function firstIn<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isFinished(state: NodeState | undefined): boolean {
  return state === "finished" || state === "skipped";
}
