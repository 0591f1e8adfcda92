import type { RunConfig } from "../../api/index.ts";
import { defaultMaxConcurrency } from "../../api/limits.ts";
import { SmithersError } from "../../errors/index.ts";
import {
  authoredId,
  type HostElement,
  noReads,
  type Reads,
  type Rendered,
  type StoredOutput,
  type Workflow,
  WorkflowRenderer,
} from "../../jsx/index.ts";
import type { Attempt, Node } from "../../model/index.ts";
import { compilePlan, needsPlace, type Plan, type PlannedTask, type Schedule, schedule } from "../../plan/index.ts";
import type { Store } from "../../store/index.ts";
import { stopwatch, yieldToEventLoop } from "../../timing/index.ts";
import { type EngineObserver, within } from "../observer.ts";
import { noteHandled } from "./attempt-results.ts";
import { TurnBudget } from "./budget.ts";
import type { TurnDraft } from "./draft.ts";
import { checkStable, Growth } from "./growth.ts";
import { reconcile } from "./reconcile.ts";
import { renderRun } from "./render.ts";
import { cancelNode } from "./run-end.ts";
import { RunFrames } from "./run-frames.ts";
import type { RunState } from "./run-state.ts";
import { isSubflow, resolveSubflow } from "./subflows.ts";
import { type TaskCode, TaskStarter } from "./task-starter.ts";
import type { TurnPlaces } from "./turn-places.ts";
import { resolveWait } from "./waits.ts";

/** An attempt that the turn recorded, to be launched once the turn is committed. */
export interface Launch extends TaskCode {
  readonly task: PlannedTask;
  readonly attempt: Attempt;
}

/** What a turn has planned. */
export interface TurnPlan {
  /** What the last frame allows once all of the turn is done; undefined when another turn must do the rest. */
  readonly schedule: Schedule | undefined;
  readonly launches: readonly Launch[];
  /** How many tasks could start, but for a place among the server's attempts. */
  readonly queued: number;
}

/** What a planner works with. */
export interface TurnPlannerSettings {
  readonly workflow: Workflow;
  readonly runState: RunState;
  /** Learns which workflow a Subflow mounts whose run is started. */
  readonly noteSubflow?: (node: Node, workflow: Workflow) => void;
  /** Learns that the author's code is about to be called. */
  observer?(): EngineObserver | undefined;
  /** Where cached results are looked up. */
  readonly store: Pick<Store, "findCached" | "readOutput" | "agentReports" | "readResult">;
  /** The hash of the tree that the run's last stored frame shows; undefined when it has no frame. */
  readonly treeHash: string | undefined;
  /** Keys of nodes that start even though another has failed, because a person asked for them. */
  readonly forced: ReadonlySet<string>;
  /** Where attempts get their places; undefined when there is no bound. */
  readonly places?: TurnPlaces;
}

/** Number of tasks above which the steps of a turn are apart. */
const largePlan = 1_000;

/** A frame whose nodes are being mounted. */
interface Mounting {
  readonly root: HostElement;
  /** Whether it shows something else than the last frame. */
  readonly isNewVersion: boolean;
  mountedNew: boolean;
}

/**
 * Plans the turns of a run. A turn renders, schedules and starts what may start until nothing changes: literals, skips
 * and waits that are over need no turn of their own. A turn that has done enough leaves the rest to the next one.
 */
export class TurnPlanner {
  readonly #runState: RunState;
  readonly #store: TurnPlannerSettings["store"];
  readonly #forced: Set<string>;
  readonly #starter: TaskStarter;
  readonly #places: TurnPlaces | undefined;
  readonly #observer: (() => EngineObserver | undefined) | undefined;
  #workflow: Workflow;
  #renderer: WorkflowRenderer;
  #plan: Plan | undefined;
  #reads: Reads = noReads();
  #renderedVersion = -1;
  #plannedVersion = -1;
  readonly #frames: RunFrames;
  #renderMs = 0;
  readonly #growth = new Growth();
  /** Whether the next turn must render: the last one has ended before it did. */
  #isStale = false;
  /** What is left of mounting the last frame: a frame of many nodes takes several turns. */
  #mounting: Mounting | undefined;

  constructor({ workflow, runState, store, treeHash, forced, observer, places, noteSubflow }: TurnPlannerSettings) {
    this.#places = places;
    this.#starter = new TaskStarter(runState, store, noteSubflow);
    this.#runState = runState;
    this.#store = store;
    this.#forced = new Set(forced);
    this.#observer = observer;
    this.#frames = new RunFrames(treeHash);
    this.#workflow = workflow;
    this.#renderer = new WorkflowRenderer(workflow);
  }

  /**
   * Plans one turn.
   * @param mayStart false while the process shuts down: results and decisions are applied, but nothing starts
   * @throws what fails the run: a render error, DUPLICATE_ID, …
   */
  async plan(draft: TurnDraft, mayStart: boolean): Promise<TurnPlan> {
    this.#frames.beginTurn();
    let isHeld = false;
    try {
      const planned = await this.#planTurn(draft, mayStart);
      isHeld = planned.schedule === undefined && planned.launches.length === 0 && this.#frames.mayWait;
      return planned;
    } finally {
      if (!isHeld && this.#plan) this.#frames.addTo(draft, this.#plan);
    }
  }

  async #planTurn(draft: TurnDraft, mayStart: boolean): Promise<TurnPlan> {
    const launches: Launch[] = [];
    this.#renderMs = 0;
    let stale = this.#plan === undefined || this.#isStale;
    this.#isStale = false;
    let renderedLast = false;
    if (!draft.isEmpty) this.#growth.noteArrival();
    if (this.#plan === undefined) await this.#runState.readBy(this.#workflow.registry);
    const budget = new TurnBudget();
    this.#places?.beginTurn();
    const pause = (): TurnPlan => {
      this.#growth.noteWork(budget.elapsedMs);
      this.#isStale = stale || this.#outputsWereRead(draft);
      return { schedule: undefined, launches, queued: 0 };
    };
    for (;;) {
      if (stale || this.#outputsWereRead(draft)) {
        const elapsedMs = stopwatch();
        await this.#render(draft);
        this.#renderMs += elapsedMs();
        stale = false;
        renderedLast = true;
        await this.#yieldWhenLarge();
      }
      if (this.#mounting) {
        await this.#mount(draft, this.#mounting, budget);
        if (this.#mounting || budget.isSpent) return pause();
      }
      const planned = this.#schedule(draft);
      let changed = false;
      for (const task of planned.abandoned) {
        cancelNode(draft, this.#node(task));
        changed = true;
        budget.spend();
      }
      for (const task of planned.caught) noteHandled(draft, this.#node(task));
      for (const task of planned.subflows) {
        if (isSubflow(task) && (await resolveSubflow(draft, this.#node(task), task, this.#store))) {
          changed = true;
          budget.spend();
        }
      }
      for (const task of planned.waiting) {
        if (isSubflow(task)) continue;
        if (await resolveWait(draft, this.#node(task), task)) changed = true;
        if (changed) budget.spend();
      }
      for (const loop of planned.advance) {
        draft.changeRun({ loops: { ...this.#runState.run.loops, [loop.key]: loop.iteration + 1 } });
        stale = true;
        changed = true;
        budget.spend();
      }
      let queued = 0;
      if (mayStart && !planned.exhausted && !planned.continuation) {
        const ready = planned.ready.filter(({ key }) => !planned.failed || this.#forced.has(key));
        await this.#places?.prepare(planned.placesTaken, ready.filter(needsPlace).length);
        for (const task of ready) {
          let isQueued = false;
          const node = this.#node(task);
          await this.#starter.start({ draft, plan: this.#plan!, workflow: this.#workflow }, node, task, (code) => {
            isQueued = this.#places?.take() === false;
            if (!isQueued) launches.push({ task, attempt: draft.startAttempt(node), ...code });
          });
          if (isQueued) {
            queued += 1;
            continue;
          }
          this.#forced.delete(task.key);
          changed = true;
          budget.spend();
          if (budget.isSpent) break;
        }
      }
      if (changed && budget.isSpent) {
        stale ||= this.#outputsWereRead(draft);
        // A run that only waits from now on is parked by the turn that has asked, however long that took.
        if (stale || this.#hasWork(draft)) return pause();
      }
      if (changed) renderedLast = false;
      else if (planned.settled && !renderedLast) stale = true;
      else {
        await this.#places?.endTurn(planned.placesTaken, queued);
        return { schedule: planned, launches, queued };
      }
    }
  }

  /**
   * Replaces the workflow's code from the next turn on.
   * @throws what the new code throws when it is rendered; the old code is kept then
   */
  async replace(workflow: Workflow): Promise<void> {
    const renderer = new WorkflowRenderer(workflow);
    try {
      await this.#runState.readBy(workflow.registry);
      compilePlan((await this.#rendered(renderer, workflow)).root, this.#runState);
    } catch (error) {
      renderer.unmount();
      await this.#runState.readBy(this.#workflow.registry);
      throw error;
    }
    this.#workflow = workflow;
    this.#renderer.unmount();
    this.#renderer = renderer;
    this.#plan = undefined;
    this.#mounting = undefined;
    this.#frames.forget();
    this.#renderedVersion = -1;
    this.#plannedVersion = -1;
  }

  /** The workflow that is rendered now. */
  get workflow(): Workflow {
    return this.#workflow;
  }

  /** How long the last {@link plan} spent rendering, in ms. */
  get renderMs(): number {
    return this.#renderMs;
  }

  unmount(): void {
    this.#renderer.unmount();
  }

  #within<T>(code: () => T): T {
    return within(this.#observer?.(), { runId: this.#runState.runId }, code);
  }

  #outputsWereRead(draft: TurnDraft): boolean {
    const { rowsOf, outputsOf, failures } = this.#reads;
    if (draft.takeNewFailure() && failures) return true;
    return draft
      .takeNewOutputs()
      .some(({ schemaKey, nodeId }) => rowsOf.has(schemaKey) || outputsOf.has(authoredId(nodeId)));
  }

  #hasWork(draft: TurnDraft): boolean {
    const { ready, advance, abandoned, settled } = this.#schedule(draft);
    return settled || ready.length + advance.length + abandoned.length > 0;
  }

  #schedule(draft: TurnDraft): Schedule {
    const { maxConcurrency = defaultMaxConcurrency } = this.#runState.run.config as RunConfig;
    return schedule(this.#plan!, {
      now: draft.now,
      maxConcurrency,
      progress: (key) => this.#runState.progress(key),
    });
  }

  async #render(draft: TurnDraft): Promise<void> {
    draft.takeNewOutputs();
    draft.takeNewFailure();
    const before = this.#plan;
    let frame = await this.#compile();
    if (before && this.#isSuspect(before, frame.plan)) {
      const again = await this.#compile();
      checkStable(frame.plan, again.plan);
      frame = again;
    }
    const { root, version, planVersion, reads, plan } = frame;
    this.#reads = reads;
    this.#plan = plan;
    this.#plannedVersion = planVersion;
    if (this.#runState.run.workflowName !== plan.workflowName) draft.changeRun({ workflowName: plan.workflowName });
    const isNewVersion = version !== this.#renderedVersion;
    this.#renderedVersion = version;
    // Most steps of a run leave the tree as it is.
    if (plan === before && !isNewVersion && !this.#mounting) return;
    this.#mounting = {
      root,
      isNewVersion: isNewVersion || this.#mounting?.isNewVersion === true,
      mountedNew: this.#mounting?.mountedNew === true,
    };
  }

  /** Each step of a turn takes long where there are many nodes. */
  async #yieldWhenLarge(): Promise<void> {
    if (this.#plan!.tasks.length > largePlan) await yieldToEventLoop();
  }

  async #compile() {
    const rendered = await this.#rendered(this.#renderer, this.#workflow);
    const plan = this.#isPlanned(rendered) ? this.#plan! : compilePlan(rendered.root, this.#runState);
    return { ...rendered, plan };
  }

  /** Whether the last plan is the one of this frame too. */
  #isPlanned({ planVersion }: Rendered): boolean {
    if (planVersion !== this.#plannedVersion || !this.#plan) return false;
    return this.#plan.loops.every(({ key, iteration }) => this.#runState.loopIteration(key) === iteration);
  }

  #rendered(renderer: WorkflowRenderer, { registry }: Workflow): Promise<Rendered> {
    return renderRun(renderer, this.#runState, registry, this.#store, (code) => this.#within(code));
  }

  /** Whether the last frame has read an output. */
  hasRead({ schemaKey, nodeId }: StoredOutput): boolean {
    return this.#reads.rowsOf.has(schemaKey) || this.#reads.outputsOf.has(authoredId(nodeId));
  }

  /**
   * Whether the ids of a frame may not be a function of the run's state.
   * @throws RENDER_LOOP
   */
  #isSuspect(before: Plan, plan: Plan): boolean {
    if (plan === before && !this.#mounting) return this.#growth.noteFrame([]);
    const added = plan.tasks.filter(({ loopId, key }) => loopId === null && !this.#runState.node(key));
    const isDue = this.#growth.noteFrame(added.map(({ nodeId }) => nodeId));
    if (added.length === 0) return false;
    return isDue || [...before.byId.keys()].some((id) => !plan.byId.has(id));
  }

  /** Mounts the nodes of the last frame, as many as the turn can commit, and then commits the frame. */
  async #mount(draft: TurnDraft, mounting: Mounting, budget: TurnBudget): Promise<void> {
    const { mounted, isComplete } = reconcile(draft, this.#plan!, budget.leftChanges);
    budget.spend(mounted);
    if (mounted > 0) mounting.mountedNew = true;
    if (!isComplete) return;
    await this.#yieldWhenLarge();
    if (mounting.mountedNew || mounting.isNewVersion) this.#frames.show(mounting.root);
    this.#mounting = undefined;
  }

  #node(task: PlannedTask): Node {
    const node = this.#runState.node(task.key);
    if (!node) throw new SmithersError("SERVER_ERROR", `The node "${task.nodeId}" was planned before it was mounted.`);
    return node;
  }
}
