import type { Workflow } from "../jsx/index.ts";

/** A workflow, and where it comes from. */
export interface WorkflowSource {
  readonly workflow: Workflow;
  /** Its file, relative to the root. */
  readonly workflowPath?: string;
  /** Changes with its code. */
  readonly workflowHash?: string;
}
