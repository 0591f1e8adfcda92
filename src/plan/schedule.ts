import { isSettled, isWaiting, type Moment, msUntil } from "../model/index.ts";
import { Standing } from "./standing.ts";
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
  return new Visit(plan, state).result();
}

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
    const settled = this.#visit(this.#plan.root);
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

  #visitTask(task: PlannedTask): boolean {
    const progress = this.#state.progress(task.key);
    const nodeState = progress?.state ?? "pending";
    if (nodeState === "failed" && !task.spec.continueOnFail) {
      this.#failed ??= task;
      return false;
    }
    if (isSettled(nodeState)) return true;
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
    return false;
  }

  /**
   * Visits a part whose failure does not fail the run at once. Once one of its tasks has failed, nothing more starts in
   * it, and it is over when its running attempts have ended.
   */
  #visitPart(part: PlanSequence): { over: boolean; failure: PlannedTask | undefined } {
    const lists = [this.#candidates, this.#blocked, this.#paused, this.#advance, this.#waiting];
    const counts = lists.map((list) => list.length);
    const outside = this.#continuation;
    const settled = this.#visit(part);
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
    if (!this.#visit(node.cleanup)) return false;
    if (failure) this.#failed ??= failure;
    return !failure;
  }

  /** Takes up what may happen in a part. Returns whether the part is done. */
  #visit(node: PlanNode): boolean {
    switch (node.type) {
      case "task":
        return this.#visitTask(node.task);
      case "sequence":
        for (let index = node.settledUpTo; index < node.children.length; index += 1) {
          const child = node.children[index]!;
          const settled = this.#visit(child);
          if (!settled && !this.#standing.isPassable(child)) return false;
          if (settled && index === node.settledUpTo) node.settledUpTo += 1;
        }
        return node.settledUpTo === node.children.length;
      case "try":
        return this.#visitTry(node);
      case "parallel":
        node.open = node.open.filter((child) => !this.#visit(child));
        return node.open.length === 0;
      case "continue":
        this.#continuation ??= { payload: node.spec.payload };
        return false;
      case "loop":
        return this.#visitLoop(node);
    }
  }

  #visitLoop(node: PlanLoop): boolean {
    if (!this.#visit(node.body)) return false;
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

/** Whether a task takes a slot among the running attempts: waits and literals do not. */
function needsSlot({ spec }: PlannedTask): boolean {
  return !spec.skipIf && (spec.kind === "compute" || spec.kind === "agent" || spec.kind === "subflow");
}

/** Whether a task that may start takes one of the server's places. */
export function needsPlace({ spec }: PlannedTask): boolean {
  return !spec.skipIf && (spec.kind === "compute" || spec.kind === "agent");
}
