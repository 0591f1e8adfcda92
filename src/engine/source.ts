import type { Workflow } from "../jsx/index.ts";

/** A workflow and where it comes from. */
export interface WorkflowSource {
  readonly workflow: Workflow;
  /** Path of its file, relative to the root. */
  readonly workflowPath?: string;
  /** Hash of its code. */
  readonly workflowHash?: string;
}

/** A workflow file, which the owner of the run loads. */
export interface WorkflowFileRef {
  readonly workflow?: undefined;
  /** Absolute, or relative to the root. */
  readonly workflowPath: string;
}

/** A workflow, or the file to load it from. */
export type WorkflowRef = WorkflowSource | WorkflowFileRef;
