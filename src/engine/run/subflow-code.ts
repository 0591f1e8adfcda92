import { SmithersError } from "../../errors/index.ts";
import { type Workflow, WorkflowRenderer } from "../../jsx/index.ts";
import type { Run } from "../../model/index.ts";
import { compilePlan, nodeKey } from "../../plan/index.ts";
import type { Store } from "../../store/index.ts";
import { renderRun } from "../turn/render-run.ts";
import { loadRun } from "./load.ts";

/** A Subflow's node. */
export interface SubflowPlace {
  readonly runId: string;
  readonly nodeId: string;
  readonly iteration: number;
}

interface Known {
  /** The parent's workflow that mounts it. Another version of the file is another object. */
  readonly parent: Workflow;
  readonly workflow: Workflow;
}

/** How many Subflows' workflows are remembered. */
const maxKnown = 1_000;

/**
 * The workflows of Subflows. What the parent mounts under the Subflow's id is its code, wherever that was imported from:
 * after a restart, the parent is rendered to find it.
 */
export class SubflowCode {
  readonly #store: Store;
  readonly #known = new Map<string, Known>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Remembers what a parent mounts. */
  note(place: SubflowPlace, parent: Workflow, workflow: Workflow): void {
    const key = keyOf(place);
    this.#known.delete(key);
    this.#known.set(key, { parent, workflow });
    if (this.#known.size > maxKnown) this.#known.delete(this.#known.keys().next().value!);
  }

  /**
   * The workflow of a Subflow's run.
   * @param parent the workflow of its parent
   * @throws WORKFLOW_NOT_FOUND when the parent no longer mounts it; what rendering the parent throws
   */
  async find({ parentRunId, parentNodeId, parentIteration }: Run, parent: Workflow, within: <T>(code: () => T) => T) {
    const place = { runId: parentRunId!, nodeId: parentNodeId!, iteration: parentIteration! };
    const known = this.#known.get(keyOf(place));
    if (known?.parent === parent) return known.workflow;
    const workflow = await this.#mounted(place, parent, within);
    this.note(place, parent, workflow);
    return workflow;
  }

  async #mounted({ runId, nodeId, iteration }: SubflowPlace, parent: Workflow, within: <T>(code: () => T) => T) {
    const loaded = await loadRun(this.#store, runId);
    const renderer = new WorkflowRenderer(parent);
    try {
      if (loaded) {
        const { runState } = loaded;
        await runState.readBy(parent.registry);
        const { root } = await renderRun(renderer, runState, parent.registry, this.#store, within);
        const task = compilePlan(root, runState).tasks.find(({ key }) => key === nodeKey(nodeId, iteration));
        if (task?.spec.kind === "subflow") return task.spec.workflow;
      }
    } finally {
      renderer.unmount();
    }
    throw new SmithersError("WORKFLOW_NOT_FOUND", `The run "${runId}" no longer mounts the subflow "${nodeId}".`);
  }
}

const keyOf = ({ runId, nodeId, iteration }: SubflowPlace) => `${runId}\0${nodeKey(nodeId, iteration)}`;
