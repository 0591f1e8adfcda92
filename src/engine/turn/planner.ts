import { defaultMaxConcurrency, type RunConfig } from "../../api/index.ts";
import { isSmithersError, SmithersError, toErrorRecord } from "../../errors/index.ts";
import {
  authoredId,
  currentValue,
  type HostElement,
  noReads,
  type Reads,
  type Rendered,
  readFresh,
  type StoredOutput,
  type Workflow,
  WorkflowRenderer,
} from "../../jsx/index.ts";
import type { Attempt, NewEvent, Node } from "../../model/index.ts";
import { compilePlan, needsPlace, type Plan, type PlannedTask, type Schedule, schedule } from "../../plan/index.ts";
import { differenceFrom, type Store, type Tree } from "../../store/index.ts";
import { stopwatch, yieldToEventLoop } from "../../timing/index.ts";
import { type Breach, budgetError, usageReports } from "../attempt/budget.ts";
import { toTaskValue } from "../attempt/value.ts";
import { type EngineObserver, within } from "../observer.ts";
import { latencyBreach, tokenBreach } from "./aspects.ts";
import { finishTask, noteHandled } from "./attempt-results.ts";
import { TurnBudget } from "./budget.ts";
import { cacheKeyOf } from "./cache-key.ts";
import type { TurnDraft } from "./draft.ts";
import { treeOf } from "./frame.ts";
import { checkStable, Growth } from "./growth.ts";
import { isGranted } from "./question.ts";
import { reconcile } from "./reconcile.ts";
import { renderRun } from "./render.ts";
import { cancelNode } from "./run-end.ts";
import type { RunState } from "./run-state.ts";
import { isSubflow, resolveSubflow, startSubflow } from "./subflows.ts";
import type { TurnPlaces } from "./turn-places.ts";
import { beginEventWait, beginTimer, requestApproval, resolveWait } from "./waits.ts";

/** An attempt that the turn recorded, to be launched once the turn is committed. */
export interface Launch {
  readonly task: PlannedTask;
  readonly attempt: Attempt;
  readonly deps: unknown;
  readonly cacheKey: string | undefined;
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
/** How long after the last frame a tree may wait for the next one, in ms. */
const maxHeldMs = 1_000;

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
  readonly #noteSubflow: TurnPlannerSettings["noteSubflow"];
  readonly #places: TurnPlaces | undefined;
  readonly #observer: (() => EngineObserver | undefined) | undefined;
  #workflow: Workflow;
  #renderer: WorkflowRenderer;
  #plan: Plan | undefined;
  #reads: Reads = noReads();
  #renderedVersion = -1;
  #plannedVersion = -1;
  /** The hash of the tree in the frame that the run had when it was taken over. */
  readonly #loadedTreeHash: string | undefined;
  /** The tree in the last frame that this planner has made. */
  #tree: Tree | undefined;
  /** The tree in the last frame that is stored, if this planner has made it. */
  #storedTree: Tree | undefined;
  /** A mounted tree that has no frame yet. */
  #unframed: HostElement | undefined;
  #sinceFrameMs = stopwatch();
  #renderMs = 0;
  readonly #growth = new Growth();
  /** Whether the next turn must render: the last one has ended before it did. */
  #isStale = false;
  /** What is left of mounting the last frame: a frame of many nodes takes several turns. */
  #mounting: Mounting | undefined;

  constructor({ workflow, runState, store, treeHash, forced, observer, places, noteSubflow }: TurnPlannerSettings) {
    this.#places = places;
    this.#noteSubflow = noteSubflow;
    this.#runState = runState;
    this.#store = store;
    this.#forced = new Set(forced);
    this.#observer = observer;
    this.#loadedTreeHash = treeHash;
    this.#workflow = workflow;
    this.#renderer = new WorkflowRenderer(workflow);
  }

  /**
   * Plans one turn.
   * @param mayStart false while the process shuts down: results and decisions are applied, but nothing starts
   * @throws what fails the run: a render error, DUPLICATE_ID, …
   */
  async plan(draft: TurnDraft, mayStart: boolean): Promise<TurnPlan> {
    // The turn before this one is committed by now.
    this.#storedTree = this.#tree;
    let isHeld = false;
    try {
      const planned = await this.#planTurn(draft, mayStart);
      isHeld = planned.schedule === undefined && planned.launches.length === 0 && this.#mayHoldFrame();
      return planned;
    } finally {
      if (!isHeld) this.#commitFrame(draft);
    }
  }

  /** Whether a tree may wait for the next turn's: while only literals lie between, several become one frame. */
  #mayHoldFrame(): boolean {
    return this.#tree !== undefined && this.#sinceFrameMs() < maxHeldMs;
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
          await this.#start(draft, task, (code) => {
            isQueued = this.#places?.take() === false;
            if (!isQueued) launches.push({ task, attempt: draft.startAttempt(this.#node(task)), ...code });
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
    this.#unframed = undefined;
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
    if (mounting.mountedNew || mounting.isNewVersion) this.#unframed = mounting.root;
    this.#mounting = undefined;
  }

  /** Adds the frame of the last tree that is mounted, if it differs from the last frame's. */
  #commitFrame(draft: TurnDraft): void {
    if (!this.#unframed) return;
    const tree = treeOf(this.#unframed, this.#plan!);
    this.#unframed = undefined;
    if (tree.treeHash === (this.#tree?.treeHash ?? this.#loadedTreeHash)) return;
    this.#tree = tree;
    this.#sinceFrameMs = stopwatch();
    const frameNo = this.#runState.run.frameNo + 1;
    draft.frame = { frameNo, tree, difference: this.#storedTree && differenceFrom(this.#storedTree, tree) };
    draft.changeRun({ frameNo });
  }

  /** @param launch called when the task's code is to run */
  async #start(
    draft: TurnDraft,
    task: PlannedTask,
    launch: (code: Pick<Launch, "deps" | "cacheKey">) => void,
  ): Promise<void> {
    const node = this.#node(task);
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
      const deps = await this.#dependencies(task);
      if (deps === "missing") return draft.settle(node, "skipped");
      if (spec.needsApproval && !isGranted(this.#runState.approval(task.key), task)) {
        return requestApproval(draft, node, task);
      }
      const cacheKey = cacheKeyOf(this.#plan!.workflowName, task, this.#runState.input, deps);
      const cached = cacheKey === undefined ? undefined : await this.#store.findCached(cacheKey);
      if (cached !== undefined) {
        return finishTask(draft, node, task, { json: cached, value: await readFresh(spec.output, cached) }, true);
      }
      if (spec.kind === "static") {
        return finishTask(draft, node, task, await toTaskValue(node.nodeId, spec.output, spec.value, spec.result));
      }
      for (const breach of await this.#breaches(draft, task)) {
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
  async #breaches(draft: TurnDraft, task: PlannedTask): Promise<Breach[]> {
    if (task.aspects.length === 0) return [];
    const stored = await this.#store.agentReports(this.#runState.runId);
    const events = [...stored.map(({ json }) => JSON.parse(json) as NewEvent), ...draft.events];
    const reports = usageReports(events);
    const plan = this.#plan!;
    return [tokenBreach(task, plan, reports), latencyBreach(task, plan, this.#runState.nodes(), draft.nowMs)].filter(
      (breach) => breach !== undefined,
    );
  }

  /**
   * The outputs that a task's `deps` name; "missing" when one of those nodes was skipped or has failed.
   * @throws MISSING_OUTPUT when a node has stored another output than `deps` names
   */
  async #dependencies({ spec }: PlannedTask): Promise<Record<string, unknown> | undefined | "missing"> {
    if (!("deps" in spec) || !spec.deps) return undefined;
    const values: Record<string, unknown> = {};
    for (const [name, { nodeId, output }] of Object.entries(spec.deps)) {
      const found = this.#outputFor(nodeId);
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
      await this.#runState.values.read([found], this.#workflow.registry, this.#store);
      values[name] = currentValue(found);
    }
    return values;
  }

  /** A node's value for those that depend on it: in a loop, that of the current iteration, which is the last one. */
  #outputFor(id: string): StoredOutput | undefined {
    const target = this.#plan!.byId.get(id);
    // A mounted one stands in the last iteration that there is.
    if (target) return this.#runState.find(target.nodeId, target.iteration);
    const { nodeId } = this.#runState.placeOf(id);
    return this.#runState.find(nodeId, this.#runState.lastIteration(nodeId));
  }

  #node(task: PlannedTask): Node {
    const node = this.#runState.node(task.key);
    if (!node) throw new SmithersError("SERVER_ERROR", `The node "${task.nodeId}" was planned before it was mounted.`);
    return node;
  }
}
