import type { RunConfig } from "../../api/index.ts";
import { defaultMaxConcurrency } from "../../api/limits.ts";
import { SmithersError } from "../../errors/index.ts";
import type { StoredOutput, Workflow } from "../../jsx/index.ts";
import type { Attempt, Node } from "../../model/index.ts";
import { needsPlace, type PlannedTask, type Schedule, schedule } from "../../plan/index.ts";
import type { Store } from "../../store/index.ts";
import { noteHandled } from "./attempt-results.ts";
import { TurnBudget } from "./budget.ts";
import type { TurnDraft } from "./draft.ts";
import { cancelNode } from "./run-end.ts";
import { RunRendering, type RunRenderingSettings } from "./run-rendering.ts";
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
export interface TurnPlannerSettings extends RunRenderingSettings {
  /** Where cached results are looked up. */
  readonly store: Pick<Store, "findCached" | "readOutput" | "agentReports" | "readResult">;
  /** Keys of nodes that start even though another has failed, because a person asked for them. */
  readonly forced: ReadonlySet<string>;
  /** Ids of nodes of which each runs only while nothing else of the run does. */
  readonly alone: ReadonlySet<string>;
  /** Where attempts get their places; undefined when there is no bound. */
  readonly places?: TurnPlaces;
  /** Learns which workflow a Subflow mounts whose run is started. */
  readonly noteSubflow?: (node: Node, workflow: Workflow) => void;
}

/** A turn that is being planned. */
interface PlannedTurn {
  readonly draft: TurnDraft;
  readonly budget: TurnBudget;
  readonly launches: Launch[];
}

/**
 * Plans the turns of a run. A turn renders, schedules and starts what may start until nothing changes: literals, skips
 * and waits that are over need no turn of their own. A turn that has done enough leaves the rest to the next one.
 */
export class TurnPlanner {
  readonly #runState: RunState;
  readonly #store: TurnPlannerSettings["store"];
  readonly #rendering: RunRendering;
  readonly #forced: Set<string>;
  readonly #alone: ReadonlySet<string>;
  readonly #starter: TaskStarter;
  readonly #places: TurnPlaces | undefined;
  /** Whether the next turn must render: the last one has ended before it did. */
  #isStale = false;

  constructor(settings: TurnPlannerSettings) {
    const { runState, store, forced, alone, places, noteSubflow } = settings;
    this.#runState = runState;
    this.#store = store;
    this.#rendering = new RunRendering(settings);
    this.#forced = new Set(forced);
    this.#alone = alone;
    this.#starter = new TaskStarter(runState, store, noteSubflow);
    this.#places = places;
  }

  /** The workflow that is rendered now. */
  get workflow(): Workflow {
    return this.#rendering.workflow;
  }

  /** How long the last {@link plan} spent rendering, in ms. */
  get renderMs(): number {
    return this.#rendering.renderMs;
  }

  /** Whether the last frame has read an output. */
  hasRead(output: StoredOutput): boolean {
    return this.#rendering.hasRead(output);
  }

  /**
   * Replaces the workflow's code from the next turn on.
   * @throws what the new code throws when it is rendered; the old code is kept then
   */
  replace(workflow: Workflow): Promise<void> {
    return this.#rendering.replace(workflow);
  }

  unmount(): void {
    this.#rendering.unmount();
  }

  /**
   * Plans one turn.
   * @param mayStart false while the process shuts down: results and decisions are applied, but nothing starts
   * @throws what fails the run: a render error, DUPLICATE_ID, …
   */
  async plan(draft: TurnDraft, mayStart: boolean): Promise<TurnPlan> {
    const rendering = this.#rendering;
    let frameWaits = false;
    try {
      await rendering.beginTurn(draft);
      const planned = await this.#planTurn({ draft, budget: new TurnBudget(), launches: [] }, mayStart);
      frameWaits = planned.schedule === undefined && planned.launches.length === 0 && rendering.frameMayWait;
      return planned;
    } finally {
      if (!frameWaits) rendering.addFrameTo(draft);
    }
  }

  async #planTurn(turn: PlannedTurn, mayStart: boolean): Promise<TurnPlan> {
    const { draft, budget, launches } = turn;
    const rendering = this.#rendering;
    let isStale = this.#isStale || !rendering.hasPlan;
    this.#isStale = false;
    this.#places?.beginTurn();
    const pause = (): TurnPlan => {
      rendering.noteWork(budget.elapsedMs);
      this.#isStale = isStale || rendering.takeOutdated(draft);
      return { schedule: undefined, launches, queued: 0 };
    };
    /** Whether nothing has changed since the last frame was rendered. */
    let isRendered = false;
    /** Whether something of a frame that is not wholly mounted may be able to start. */
    let startsMounted = mayStart;
    for (;;) {
      if (isStale || rendering.takeOutdated(draft)) {
        await rendering.render(draft);
        isStale = false;
        isRendered = true;
      }
      if (rendering.isMounting) {
        await rendering.mount(draft, budget);
        if (rendering.isMounting && startsMounted) startsMounted = await this.#startMounted(turn);
        if (budget.isSpent) return pause();
        if (rendering.isMounting) continue;
      }
      const planned = this.#schedule(draft);
      const changesBefore = budget.changes;
      await this.#resolve(turn, planned);
      if (this.#advanceLoops(turn, planned)) isStale = true;
      const isOver = !mayStart || planned.exhausted || planned.continuation;
      const queued = isOver ? 0 : await this.#start(turn, planned);
      const hasChanged = budget.changes > changesBefore;
      if (hasChanged && budget.isSpent) {
        isStale ||= rendering.takeOutdated(draft);
        // A run that only waits from now on is parked by the turn that has asked, however long that took.
        if (isStale || this.#hasWork(draft)) return pause();
      }
      if (hasChanged) isRendered = false;
      else if (planned.settled && !isRendered) isStale = true;
      else {
        await this.#places?.endTurn(planned.placesTaken, queued);
        return { schedule: planned, launches, queued };
      }
    }
  }

  /** Ends what need not be waited for any longer: nodes that are abandoned, and subflows and waits that are over. */
  async #resolve({ draft, budget }: PlannedTurn, planned: Schedule): Promise<void> {
    for (const task of planned.abandoned) {
      cancelNode(draft, this.#node(task));
      budget.spend();
    }
    for (const task of planned.caught) noteHandled(draft, this.#node(task));
    for (const task of planned.subflows) {
      if (isSubflow(task) && (await resolveSubflow(draft, this.#node(task), task, this.#store))) budget.spend();
    }
    for (const task of planned.waiting) {
      if (!isSubflow(task) && (await resolveWait(draft, this.#node(task), task))) budget.spend();
    }
  }

  /** Begins the next iteration of loops whose last one is over. Returns whether there are any. */
  #advanceLoops({ draft, budget }: PlannedTurn, { advance }: Schedule): boolean {
    for (const { key, iteration } of advance) {
      draft.changeRun({ loops: { ...this.#runState.run.loops, [key]: iteration + 1 } });
      budget.spend();
    }
    return advance.length > 0;
  }

  /**
   * Starts attempts of a frame that is not wholly mounted. What ends without an attempt starts later: it could change the
   * tree again and again before that is mounted.
   * @returns whether anything has started
   */
  async #startMounted(turn: PlannedTurn): Promise<boolean> {
    const planned = this.#schedule(turn.draft);
    if (planned.exhausted || planned.continuation) return false;
    const before = turn.launches.length;
    const isMounted = (task: PlannedTask) => this.#runState.node(task.key) !== undefined;
    await this.#start(turn, planned, (task) => isMounted(task) && needsPlace(task) && !isCached(task));
    return turn.launches.length > before;
  }

  /**
   * Starts what is ready, as far as places and the turn's budget go. Returns how many tasks have no place.
   * @param may whether a task that is ready may start now; any may if absent
   */
  async #start(
    { draft, budget, launches }: PlannedTurn,
    planned: Schedule,
    may?: (task: PlannedTask) => boolean,
  ): Promise<number> {
    const { plan, workflow } = this.#rendering;
    const startable = planned.failed ? planned.ready.filter(({ key }) => this.#forced.has(key)) : planned.ready;
    const next = this.#oneAlone(startable, planned.running);
    const ready = may ? next.filter(may) : next;
    await this.#places?.prepare(planned.placesTaken, ready.filter(needsPlace).length);
    let queued = 0;
    for (const task of ready) {
      const node = this.#node(task);
      let isQueued = false;
      await this.#starter.start({ draft, plan, workflow }, node, task, (code) => {
        isQueued = this.#places?.take() === false;
        if (!isQueued) launches.push({ task, attempt: draft.startAttempt(node), ...code });
      });
      if (isQueued) {
        queued += 1;
        continue;
      }
      this.#forced.delete(task.key);
      budget.spend();
      if (budget.isSpent) break;
    }
    return queued;
  }

  /** Of tasks that could start, those that may: one that runs alone waits for what runs, and all others wait for it. */
  #oneAlone(ready: readonly PlannedTask[], running: number): readonly PlannedTask[] {
    if (this.#alone.size === 0) return ready;
    const isAlone = ({ nodeId }: { readonly nodeId: string }) => this.#alone.has(nodeId);
    if (running > 0 && [...this.#runState.nodes()].some((node) => node.state === "in-progress" && isAlone(node)))
      return [];
    const first = ready.find(isAlone);
    return first === undefined ? ready : running > 0 ? [] : [first];
  }

  #hasWork(draft: TurnDraft): boolean {
    const { ready, advance, abandoned, settled } = this.#schedule(draft);
    return settled || ready.length + advance.length + abandoned.length > 0;
  }

  #schedule(draft: TurnDraft): Schedule {
    const { maxConcurrency = defaultMaxConcurrency } = this.#runState.run.config as RunConfig;
    return schedule(this.#rendering.plan, {
      now: draft.now,
      maxConcurrency,
      progress: (key) => this.#runState.progress(key),
    });
  }

  #node(task: PlannedTask): Node {
    const node = this.#runState.node(task.key);
    if (!node) throw new SmithersError("SERVER_ERROR", `The node "${task.nodeId}" was planned before it was mounted.`);
    return node;
  }
}

function isCached({ spec }: PlannedTask): boolean {
  return "cache" in spec && spec.cache !== undefined;
}
