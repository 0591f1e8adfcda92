import { isSettled, isWaiting, type Moment, msUntil } from "../model/index.ts";
import { Standing } from "./standing.ts";
import type {
  Group,
  NodeProgress,
  Plan,
  PlanLoop,
  PlanNode,
  PlannedTask,
  PlanParallel,
  PlanSequence,
  PlanTry,
} from "./types.ts";

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
  return new Visit(plan, state).result();
}

/**
 * How a part stands: what comes after it in a sequence waits for it (`open`), or need not, for only `async` nodes in it are
 * open (`passable`), or it is done.
 */
type PartState = "open" | "passable" | "done";

/** One walk through a plan, which gathers what may happen. */
class Visit {
  readonly #plan: Plan;
  readonly #state: ScheduleState;
  readonly #standing: Standing;
  /** Tasks that may start as far as the order of the tree goes. */
  readonly #candidates: PlannedTask[] = [];
  readonly #advance: PlanLoop[] = [];
  readonly #waiting: PlannedTask[] = [];
  readonly #blocked: BlockedTask[] = [];
  readonly #paused: PlannedTask[] = [];
  readonly #subflows: PlannedTask[] = [];
  readonly #caught: PlannedTask[] = [];
  readonly #abandoned: PlannedTask[] = [];
  /** How many slots of each group are taken. */
  readonly #load = new Map<Group, number>();
  #running = 0;
  #placesTaken = 0;
  #failed: PlannedTask | undefined;
  #exhausted: PlanLoop | undefined;
  #continuation: ContinuePoint | undefined;

  constructor(plan: Plan, state: ScheduleState) {
    this.#plan = plan;
    this.#state = state;
    this.#standing = new Standing(plan, state);
  }

  result(): Schedule {
    const settled = this.#visit(this.#plan.root) === "done";
    const running = this.#running;
    return {
      ready: this.#startable(),
      advance: this.#advance,
      waiting: this.#waiting,
      abandoned: this.#abandoned,
      running,
      placesTaken: this.#placesTaken,
      blocked: this.#blocked,
      paused: this.#paused,
      failed: this.#failed,
      exhausted: this.#exhausted,
      continuation: this.#continuation,
      subflows: this.#subflows,
      caught: this.#caught,
      settled,
    };
  }

  /** The candidates that the limits of the run and of groups let start, in plan order. */
  #startable(): PlannedTask[] {
    return this.#candidates.filter((task) => {
      if (!needsSlot(task)) return true;
      if (this.#running >= this.#state.maxConcurrency) return false;
      if (task.groups.some((group) => (this.#load.get(group) ?? 0) >= group.limit)) return false;
      this.#take(task);
      return true;
    });
  }

  #take(task: PlannedTask): void {
    this.#running += 1;
    this.#occupy(task);
  }

  #occupy(task: PlannedTask): void {
    for (const group of task.groups) this.#load.set(group, (this.#load.get(group) ?? 0) + 1);
  }

  #visitTask(task: PlannedTask): PartState {
    const progress = this.#state.progress(task.key);
    const nodeState = progress?.state ?? "pending";
    if (nodeState === "failed" && !task.spec.continueOnFail) {
      this.#failed ??= task;
      return "open";
    }
    if (isSettled(nodeState)) return "done";
    if (task.spec.kind === "subflow" && (nodeState === "in-progress" || isWaiting(nodeState)))
      this.#subflows.push(task);
    if (nodeState === "in-progress") {
      this.#take(task);
      if (needsPlace(task)) this.#placesTaken += 1;
    } else if (isWaiting(nodeState)) {
      this.#waiting.push(task);
      // The next one of a queue does not begin before a subflow that waits has ended.
      if (task.spec.kind === "subflow") this.#occupy(task);
    } else if (!task.spec.dependsOn.every((id) => this.#standing.isDone(id, task))) {
      this.#blocked.push({ task, waitsFor: task.spec.dependsOn.filter((id) => !this.#standing.isDone(id, task)) });
    } else if (progress && isPaused(progress, this.#state.now)) this.#paused.push(task);
    else this.#candidates.push(task);
    return isAsync(task) ? "passable" : "open";
  }

  /**
   * Visits a part whose failure does not fail the run at once. Once one of its tasks has failed, nothing more starts in
   * it, and it is over when its running attempts have ended.
   */
  #visitPart(part: PlanSequence): { over: boolean; failure: PlannedTask | undefined } {
    const lists = [this.#candidates, this.#blocked, this.#paused, this.#advance, this.#waiting];
    const counts = lists.map((list) => list.length);
    const outside = this.#continuation;
    const settled = this.#visit(part) === "done";
    const failure = this.#standing.firstFailure(part);
    if (!failure) return { over: settled, failure };
    this.#continuation = outside;
    this.#abandoned.push(...this.#waiting.slice(counts.at(-1)));
    lists.forEach((list, index) => {
      list.length = counts[index]!;
    });
    return { over: !this.#standing.isRunning(part), failure };
  }

  #hasFailedIn({ key, spec, tries }: PlannedTask, node: PlanTry): boolean {
    return tries.includes(node) && !spec.continueOnFail && this.#state.progress(key)?.state === "failed";
  }

  #visitTry(node: PlanTry): boolean {
    // What fails inside is judged here, and not by the whole run.
    const outside = this.#failed;
    const body = this.#visitPart(node.body);
    this.#failed = outside;
    if (!body.over) return false;
    let { failure } = body;
    if (failure) {
      if (node.handler.children.length > 0) {
        this.#caught.push(...this.#plan.tasks.filter((task) => this.#hasFailedIn(task, node)));
      }
      const handler = this.#visitPart(node.handler);
      this.#failed = outside;
      if (!handler.over) return false;
      failure = handler.failure ?? (node.handled ? undefined : failure);
    }
    if (this.#visit(node.cleanup) !== "done") return false;
    if (failure) this.#failed ??= failure;
    return !failure;
  }

  #visitSequence(node: PlanSequence): PartState {
    let state: PartState = "done";
    for (let index = node.settledUpTo; index < node.children.length; index += 1) {
      const child = this.#visit(node.children[index]!);
      if (child === "open") return child;
      if (child === "passable") state = child;
      else if (index === node.settledUpTo) node.settledUpTo += 1;
    }
    return state;
  }

  #visitParallel(node: PlanParallel): PartState {
    let state: PartState = "done";
    node.open = node.open.filter((child) => {
      const found = this.#visit(child);
      if (found === "open" || (found === "passable" && state === "done")) state = found;
      return found !== "done";
    });
    return state;
  }

  /** Takes up what may happen in a part. */
  #visit(node: PlanNode): PartState {
    switch (node.type) {
      case "task":
        return this.#visitTask(node.task);
      case "sequence":
        return this.#visitSequence(node);
      case "parallel":
        return this.#visitParallel(node);
      case "try":
        return this.#visitTry(node) ? "done" : "open";
      case "loop":
        return this.#visitLoop(node) ? "done" : "open";
      case "continue":
        this.#continuation ??= { payload: node.spec.payload };
        return "open";
    }
  }

  #visitLoop(node: PlanLoop): boolean {
    if (this.#visit(node.body) !== "done") return false;
    const { until, maxIterations, continueAsNewEvery, onMaxReached } = node.spec;
    if (until) return true;
    const done = node.iteration + 1;
    if (done >= maxIterations) {
      if (onMaxReached === "return-last") return true;
      this.#exhausted ??= node;
    } else if (continueAsNewEvery !== undefined && done % continueAsNewEvery === 0) {
      this.#continuation ??= { loop: node };
    } else this.#advance.push(node);
    return false;
  }
}

/** Whether the node has failed and its retry is not due yet. */
function isPaused(progress: NodeProgress, now: Moment): boolean {
  return progress.wakeAtMs !== null && msUntil(progress, now) > 0;
}

function isAsync({ spec }: PlannedTask): boolean {
  return "async" in spec && spec.async === true;
}

/** Whether a task takes a slot among the running attempts: waits and literals do not. */
function needsSlot({ spec }: PlannedTask): boolean {
  return !spec.skipIf && (spec.kind === "compute" || spec.kind === "agent" || spec.kind === "subflow");
}

/** Whether a task that may start takes one of the server's places. */
export function needsPlace({ spec }: PlannedTask): boolean {
  return !spec.skipIf && (spec.kind === "compute" || spec.kind === "agent");
}
