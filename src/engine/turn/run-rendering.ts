import {
  type FrameReads,
  type HostElement,
  type Rendered,
  type StoredOutput,
  type Workflow,
  WorkflowRenderer,
} from "../../jsx/index.ts";
import { compilePlan, type Plan } from "../../plan/index.ts";
import type { Store } from "../../store/index.ts";
import { stopwatch, yieldToEventLoop } from "../../timing/index.ts";
import { type EngineObserver, within } from "../observer.ts";
import type { TurnBudget } from "./budget.ts";
import type { TurnDraft } from "./draft.ts";
import { checkStable, Growth } from "./growth.ts";
import { reconcile } from "./reconcile.ts";
import { renderRun } from "./render-run.ts";
import { RunFrames } from "./run-frames.ts";
import type { RunState } from "./run-state.ts";

export interface RunRenderingSettings {
  readonly workflow: Workflow;
  readonly runState: RunState;
  readonly store: Pick<Store, "readOutput">;
  /** The hash of the tree that the run's last stored frame shows; undefined when it has no frame. */
  readonly treeHash: string | undefined;
  /** Learns that the author's code is about to be called. */
  observer?(): EngineObserver | undefined;
}

/** Number of tasks above which the steps of a turn are apart. */
const largePlan = 1_000;

/**
 * Nodes that are mounted before those that may start do: half of what a turn commits, so that as many can start in the
 * same turn. A node that does is written once.
 */
const mountedAtOnce = 250;

/** A frame whose nodes are being mounted. */
interface Mounting {
  readonly root: HostElement;
  /** Whether it shows something else than the last frame. */
  readonly isNewVersion: boolean;
  mountedNew: boolean;
}

/** Renders the workflow of one run, mounts its nodes, and keeps the plan of the last frame. */
export class RunRendering {
  readonly #runState: RunState;
  readonly #store: RunRenderingSettings["store"];
  readonly #observer: (() => EngineObserver | undefined) | undefined;
  readonly #frames: RunFrames;
  readonly #growth = new Growth();
  #workflow: Workflow;
  #renderer: WorkflowRenderer;
  #plan: Plan | undefined;
  #reads: FrameReads | undefined;
  #renderedVersion = -1;
  #plannedVersion = -1;
  #renderMs = 0;
  /** What is left of mounting the last frame: a frame of many nodes takes several turns. */
  #mounting: Mounting | undefined;

  constructor({ workflow, runState, store, treeHash, observer }: RunRenderingSettings) {
    this.#runState = runState;
    this.#store = store;
    this.#observer = observer;
    this.#frames = new RunFrames(treeHash);
    this.#workflow = workflow;
    this.#renderer = new WorkflowRenderer(workflow);
  }

  /** The workflow that is rendered now. */
  get workflow(): Workflow {
    return this.#workflow;
  }

  /** How long rendering has taken in this turn, in ms. */
  get renderMs(): number {
    return this.#renderMs;
  }

  /** Whether {@link plan} is there. */
  get hasPlan(): boolean {
    return this.#plan !== undefined;
  }

  /** The plan of the last frame. */
  get plan(): Plan {
    if (!this.#plan) throw new Error("The plan was asked for before the first frame.");
    return this.#plan;
  }

  /** Whether nodes of the last frame are still to be mounted. */
  get isMounting(): boolean {
    return this.#mounting !== undefined;
  }

  /** Whether the last frame may be stored together with the next turn's. */
  get frameMayWait(): boolean {
    return this.#frames.mayWait;
  }

  /** A turn begins, and the one before it is committed. */
  async beginTurn(draft: TurnDraft): Promise<void> {
    this.#renderMs = 0;
    this.#frames.beginTurn();
    if (!draft.isEmpty) this.#growth.noteArrival();
    if (!this.#plan) await this.#runState.readBy(this.#workflow.registry);
  }

  /** Adds to the time that the run's frames have taken since something arrived for it, in ms. */
  noteWork(ms: number): void {
    this.#growth.noteWork(ms);
  }

  /** Adds the frame of the tree that is mounted now to a turn, unless the last frame shows the same tree. */
  addFrameTo(draft: TurnDraft): void {
    if (this.#plan) this.#frames.addTo(draft, this.#plan);
  }

  /** Whether the last frame has read an output. */
  hasRead(output: Pick<StoredOutput, "schemaKey" | "nodeId">): boolean {
    return this.#reads?.hasRead(output) === true;
  }

  /** Whether the turn has stored something new that the last frame has read. Each new thing is told once. */
  takeOutdated(draft: TurnDraft): boolean {
    if (draft.takeNewFailure() && this.#reads?.failures) return true;
    return draft.takeNewOutputs().some((output) => this.hasRead(output));
  }

  /**
   * Renders the workflow against the run's state as it is now.
   * @throws what the author's components throw; RENDER_LOOP, DUPLICATE_ID, …
   */
  async render(draft: TurnDraft): Promise<void> {
    const elapsedMs = stopwatch();
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
    if (plan !== before || isNewVersion || this.#mounting) {
      this.#mounting = {
        root,
        isNewVersion: isNewVersion || this.#mounting?.isNewVersion === true,
        mountedNew: this.#mounting?.mountedNew === true,
      };
    }
    this.#renderMs += elapsedMs();
    await this.#yieldWhenLarge();
  }

  /** Mounts some nodes of the last frame: at most as many as the turn can commit. */
  async mount(draft: TurnDraft, budget: TurnBudget): Promise<void> {
    const mounting = this.#mounting;
    if (!mounting) return;
    const { mounted, isComplete } = reconcile(draft, this.plan, Math.min(budget.leftChanges, mountedAtOnce));
    budget.spend(mounted);
    if (mounted > 0) mounting.mountedNew = true;
    if (!isComplete) return;
    await this.#yieldWhenLarge();
    if (mounting.mountedNew || mounting.isNewVersion) this.#frames.show(mounting.root);
    this.#mounting = undefined;
  }

  /**
   * Replaces the workflow's code.
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

  unmount(): void {
    this.#renderer.unmount();
  }

  async #compile() {
    const rendered = await this.#rendered(this.#renderer, this.#workflow);
    const plan = this.#plannedBefore(rendered) ?? compilePlan(rendered.root, this.#runState);
    return { ...rendered, plan };
  }

  /** The last plan, when it is the one of this frame too. */
  #plannedBefore({ planVersion }: Rendered): Plan | undefined {
    if (planVersion !== this.#plannedVersion) return undefined;
    const isSame = this.#plan?.loops.every(({ key, iteration }) => this.#runState.loopIteration(key) === iteration);
    return isSame ? this.#plan : undefined;
  }

  #rendered(renderer: WorkflowRenderer, { registry }: Workflow): Promise<Rendered> {
    return renderRun(renderer, this.#runState, registry, this.#store, (code) =>
      within(this.#observer?.(), { runId: this.#runState.runId }, code),
    );
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

  /** Each step of a turn takes long where there are many nodes. */
  async #yieldWhenLarge(): Promise<void> {
    if (this.plan.tasks.length > largePlan) await yieldToEventLoop();
  }
}
