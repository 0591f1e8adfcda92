import type { Workflow } from "../jsx/index.ts";

/** A workflow and where it comes from. */
export interface WorkflowSource {
  readonly workflow: Workflow;
  /** Path of its file, relative to the root. */
  readonly workflowPath?: string;
  /** Hash of its code. */
  readonly workflowHash?: string;
}
