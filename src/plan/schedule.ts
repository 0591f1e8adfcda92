import { isSettled, isWaiting, type Moment, msUntil, type NodeState } from "../model/index.ts";
import type { Group, NodeProgress, Plan, PlanLoop, PlanNode, PlannedTask, PlanSequence, PlanTry } from "./types.ts";

/** What scheduling reads of the stored run. */
export interface ScheduleState {
  /** The stored state of a node; undefined before it is first mounted. */
  progress(key: string): NodeProgress | undefined;
  readonly now: Moment;
  /** How many attempts of the whole run may run at once. */
  readonly maxConcurrency: number;
}

/** A task that is held back, and the ids of the nodes that it still waits for. */
export interface BlockedTask {
  readonly task: PlannedTask;
  readonly waitsFor: readonly string[];
}

/** What lets a run continue as a new one: an element, or a loop that has run often enough. */
export type ContinuePoint = { readonly payload: unknown } | { readonly loop: PlanLoop };

/** What a frame allows now. */
export interface Schedule {
  /** Tasks that may start now, in plan order. */
  readonly ready: readonly PlannedTask[];
  /** Loops whose body has settled and must run again. */
  readonly advance: readonly PlanLoop[];
  /** Tasks with an open wait. */
  readonly waiting: readonly PlannedTask[];
  /** Tasks with an open wait in a body that has failed. */
  readonly abandoned: readonly PlannedTask[];
  /** Tasks whose failure a handler answers. */
  readonly caught: readonly PlannedTask[];
  /** Subflows whose run has not ended. */
  readonly subflows: readonly PlannedTask[];
  /** How many attempts are running. */
  readonly running: number;
  /** How many of them take one of the server's places: the run of a subflow has places of its own. */
  readonly placesTaken: number;
  /** Tasks whose turn has come, but with a dependency that is not done. */
  readonly blocked: readonly BlockedTask[];
  /** Tasks that failed and whose retry is not due yet. */
  readonly paused: readonly PlannedTask[];
  /** The first task, in plan order, that has failed for good. */
  readonly failed: PlannedTask | undefined;
  /** The first loop that ran out of iterations and must fail the run. */
  readonly exhausted: PlanLoop | undefined;
  /** Where the run ends and continues as a new one, once nothing runs any more. Nothing else may start then. */
  readonly continuation: ContinuePoint | undefined;
  /** Nothing is left to do. */
  readonly settled: boolean;
}

/** Works out what may happen next. Pure, except that it marks in the plan what has settled. */
export function schedule(plan: Plan, state: ScheduleState): Schedule {
  const candidates: PlannedTask[] = [];
  const advance: PlanLoop[] = [];
  const waiting: PlannedTask[] = [];
  const blocked: BlockedTask[] = [];
  const paused: PlannedTask[] = [];
  const subflows: PlannedTask[] = [];
  const caught: PlannedTask[] = [];
  const abandoned: PlannedTask[] = [];
  const load = new Map<Group, number>();
  let running = 0;
  let placesTaken = 0;
  let failed: PlannedTask | undefined;
  let exhausted: PlanLoop | undefined;
  let continuation: ContinuePoint | undefined;

  const take = (task: PlannedTask) => {
    running += 1;
    occupy(task);
  };

  const occupy = (task: PlannedTask) => {
    for (const group of task.groups) load.set(group, (load.get(group) ?? 0) + 1);
  };

  const visitTask = (task: PlannedTask): boolean => {
    const progress = state.progress(task.key);
    const nodeState = progress?.state ?? "pending";
    if (nodeState === "failed" && !task.spec.continueOnFail) {
      failed ??= task;
      return false;
    }
    if (isSettled(nodeState)) return true;
    if (task.spec.kind === "subflow" && (nodeState === "in-progress" || isWaiting(nodeState))) subflows.push(task);
    if (nodeState === "in-progress") {
      take(task);
      if (needsPlace(task)) placesTaken += 1;
    } else if (isWaiting(nodeState)) {
      waiting.push(task);
      // The next one of a queue does not begin before a subflow that waits has ended.
      if (task.spec.kind === "subflow") occupy(task);
    } else if (!task.spec.dependsOn.every((id) => isDone(id, task))) {
      blocked.push({ task, waitsFor: task.spec.dependsOn.filter((id) => !isDone(id, task)) });
    } else if (progress && isPaused(progress, state.now)) paused.push(task);
    else candidates.push(task);
    return false;
  };

  const isDone = (id: string, from: PlannedTask): boolean => {
    const target = plan.byId.get(id);
    // What is not mounted is not waited for, once it has finished; see the reconciliation in the engine.
    if (!target) return plan.leftOut.has(id) || isFinished(state.progress(id)?.state);
    // From outside a body that has failed, nothing in it is waited for once it has come to rest.
    if (target.tries.some((one) => !from.tries.includes(one) && firstFailure(one.body) && !isRunning(one.body))) {
      return true;
    }
    const found = state.progress(target.key)?.state;
    if (found === undefined || !isSettled(found) || (found === "failed" && !target.spec.continueOnFail)) return false;
    // From outside a loop, what stands in it is done when the loop is over.
    const entered = target.loops.find((loop, depth) => from.loops[depth] !== loop);
    return entered === undefined || isOver(entered);
  };

  /** The first task, in plan order, that fails what is around this node. */
  const firstFailure = (node: PlanNode): PlannedTask | undefined => {
    switch (node.type) {
      case "task": {
        const { key, spec } = node.task;
        return !spec.continueOnFail && state.progress(key)?.state === "failed" ? node.task : undefined;
      }
      case "sequence":
        return firstIn(node.children, firstFailure);
      case "parallel":
        return firstIn(node.open, firstFailure);
      case "loop":
        return firstFailure(node.body);
      case "continue":
        return undefined;
      case "try": {
        const failure = firstFailure(node.body);
        const inCleanup = firstFailure(node.cleanup);
        if (!failure || inCleanup || isRunning(node.body)) return inCleanup;
        // The failure reaches what is around once the handler and the cleanup are over.
        const inHandler = firstFailure(node.handler);
        if (inHandler ? isRunning(node.handler) : !hasSettled(node.handler)) return undefined;
        return hasSettled(node.cleanup) ? (inHandler ?? (node.handled ? undefined : failure)) : undefined;
      }
    }
  };

  const isRunning = (node: PlanNode): boolean => {
    switch (node.type) {
      case "task":
        return state.progress(node.task.key)?.state === "in-progress";
      case "sequence":
        return node.children.some(isRunning);
      case "parallel":
        return node.open.some(isRunning);
      case "loop":
        return isRunning(node.body);
      case "continue":
        return false;
      case "try":
        return isRunning(node.body) || isRunning(node.handler) || isRunning(node.cleanup);
    }
  };

  /** Whether what comes after this node in a sequence need not wait for it: only `async` nodes in it are open. */
  const isPassable = (node: PlanNode): boolean => {
    switch (node.type) {
      case "task":
        return isAsync(node.task) && state.progress(node.task.key)?.state !== "failed";
      case "sequence":
        return node.children.slice(node.settledUpTo).every((child) => hasSettled(child) || isPassable(child));
      case "parallel":
        return node.open.every((child) => hasSettled(child) || isPassable(child));
      default:
        return false;
    }
  };

  const over = new Map<PlanLoop, boolean>();
  const isOver = (loop: PlanLoop): boolean => {
    const known = over.get(loop);
    if (known !== undefined) return known;
    const { until, maxIterations, onMaxReached } = loop.spec;
    const isLast = until || (loop.iteration + 1 >= maxIterations && onMaxReached === "return-last");
    const result = isLast && hasSettled(loop.body);
    over.set(loop, result);
    return result;
  };

  /** Computes what {@link visit} returns, without looking at what may start. */
  const hasSettled = (node: PlanNode): boolean => {
    switch (node.type) {
      case "task": {
        const found = state.progress(node.task.key)?.state;
        return found !== undefined && isSettled(found) && (found !== "failed" || node.task.spec.continueOnFail);
      }
      case "sequence":
        return node.children.slice(node.settledUpTo).every(hasSettled);
      case "parallel":
        return node.open.every(hasSettled);
      case "loop":
        return isOver(node);
      case "continue":
        return false;
      case "try":
        if (firstFailure(node)) return false;
        return hasSettled(firstFailure(node.body) ? node.handler : node.body) && hasSettled(node.cleanup);
    }
  };

  /**
   * Visits a part whose failure does not fail the run at once. Once one of its tasks has failed, nothing more starts in
   * it, and it is over when its running attempts have ended.
   */
  const visitPart = (part: PlanSequence): { over: boolean; failure: PlannedTask | undefined } => {
    const lists = [candidates, blocked, paused, advance, waiting];
    const counts = lists.map((list) => list.length);
    const outside = continuation;
    const settled = visit(part);
    const failure = firstFailure(part);
    if (!failure) return { over: settled, failure };
    continuation = outside;
    abandoned.push(...waiting.slice(counts.at(-1)));
    lists.forEach((list, index) => {
      list.length = counts[index]!;
    });
    return { over: !isRunning(part), failure };
  };

  const hasFailedIn = ({ key, spec, tries }: PlannedTask, node: PlanTry): boolean =>
    tries.includes(node) && !spec.continueOnFail && state.progress(key)?.state === "failed";

  const visitTry = (node: PlanTry): boolean => {
    // What fails inside is judged here, and not by the whole run.
    const outside = failed;
    const body = visitPart(node.body);
    failed = outside;
    if (!body.over) return false;
    let { failure } = body;
    if (failure) {
      if (node.handler.children.length > 0) caught.push(...plan.tasks.filter((task) => hasFailedIn(task, node)));
      const handler = visitPart(node.handler);
      failed = outside;
      if (!handler.over) return false;
      failure = handler.failure ?? (node.handled ? undefined : failure);
    }
    if (!visit(node.cleanup)) return false;
    if (failure) failed ??= failure;
    return !failure;
  };

  const visit = (node: PlanNode): boolean => {
    switch (node.type) {
      case "task":
        return visitTask(node.task);
      case "sequence":
        for (let index = node.settledUpTo; index < node.children.length; index += 1) {
          const child = node.children[index]!;
          const settled = visit(child);
          if (!settled && !isPassable(child)) return false;
          if (settled && index === node.settledUpTo) node.settledUpTo += 1;
        }
        return node.settledUpTo === node.children.length;
      case "try":
        return visitTry(node);
      case "parallel":
        node.open = node.open.filter((child) => !visit(child));
        return node.open.length === 0;
      case "continue":
        continuation ??= { payload: node.spec.payload };
        return false;
      case "loop": {
        if (!visit(node.body)) return false;
        if (node.spec.until) return true;
        const done = node.iteration + 1;
        if (done < node.spec.maxIterations) {
          const { continueAsNewEvery } = node.spec;
          if (continueAsNewEvery !== undefined && done % continueAsNewEvery === 0) {
            continuation ??= { loop: node };
            return false;
          }
          advance.push(node);
          return false;
        }
        if (node.spec.onMaxReached === "return-last") return true;
        exhausted ??= node;
        return false;
      }
    }
  };

  const settled = visit(plan.root);
  const ready = candidates.filter((task) => {
    if (!needsSlot(task)) return true;
    if (running >= state.maxConcurrency) return false;
    if (task.groups.some((group) => (load.get(group) ?? 0) >= group.limit)) return false;
    take(task);
    return true;
  });
  const inProgress = running - ready.filter(needsSlot).length;
  return {
    ready,
    advance,
    waiting,
    abandoned,
    running: inProgress,
    placesTaken,
    blocked,
    paused,
    failed,
    exhausted,
    continuation,
    subflows,
    caught,
    settled,
  };
}

function isAsync({ spec }: PlannedTask): boolean {
  return "async" in spec && spec.async === true;
}

function firstIn<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether the node has failed and its retry is not due yet. */
function isPaused(progress: NodeProgress, now: Moment): boolean {
  return progress.wakeAtMs !== null && msUntil(progress, now) > 0;
}

/** Whether a task takes a slot among the running attempts: waits and literals do not. */
function needsSlot({ spec }: PlannedTask): boolean {
  return !spec.skipIf && (spec.kind === "compute" || spec.kind === "agent" || spec.kind === "subflow");
}

/** Whether a task that may start takes one of the server's places. */
export function needsPlace({ spec }: PlannedTask): boolean {
  return !spec.skipIf && (spec.kind === "compute" || spec.kind === "agent");
}

function isFinished(state: NodeState | undefined): boolean {
  return state === "finished" || state === "skipped";
}
