import { type Workflow, WorkflowRenderer } from "../jsx/index.ts";
import { compilePlan } from "../plan/index.ts";
import { troubleOnly } from "./logger.ts";
import { callAuthor } from "./run/author-call.ts";
import { newRun, toInput } from "./run/create.ts";
import { freshRun } from "./run/load.ts";
import { type FrameNode, toFrameNode } from "./turn/frame.ts";

/** A task as planned before anything has run. */
export interface PreviewedTask {
  readonly nodeId: string;
  readonly kind: string;
  /** The key of its output's schema. */
  readonly output: string;
  readonly label: string | null;
  /** Ids of the nodes that it depends on, in addition to its place in the tree. */
  readonly dependsOn: readonly string[];
  readonly loopId: string | null;
  readonly skipped: boolean;
}

export interface Preview {
  readonly workflowName: string;
  /** What the first frame renders. */
  readonly tree: FrameNode;
  /** The tasks in plan order. */
  readonly tasks: readonly PreviewedTask[];
}

/**
 * Plans the first frame of a run with this input. Nothing runs, and nothing is stored.
 * @throws INVALID_INPUT, INVALID_WORKFLOW, RENDER_FAILED, MISSING_OUTPUT, DUPLICATE_ID, CIRCULAR_DEPENDENCY
 */
export async function preview(workflow: Workflow, given: unknown): Promise<Preview> {
  const call = <T>(body: () => T): T => callAuthor(workflow, { runId: "", log: troubleOnly }, body);
  const input = await call(() => toInput(workflow, given));
  const { runState } = freshRun(newRun({ workflowName: "", input }, "", input, Date.now()));
  const renderer = new WorkflowRenderer(workflow);
  try {
    const { root } = call(() => renderer.render(runState));
    const { workflowName, tasks } = compilePlan(root, runState);
    return {
      workflowName,
      tree: toFrameNode(root),
      tasks: tasks.map(({ nodeId, spec, loopId }) => ({
        nodeId,
        kind: spec.kind,
        output: spec.output.key,
        label: spec.label,
        dependsOn: spec.dependsOn,
        loopId,
        skipped: spec.skipIf,
      })),
    };
  } finally {
    renderer.unmount();
  }
}
