import { SmithersError } from "../errors/index.ts";
import { type Ctx, createCtx, type RunView } from "./ctx.ts";
import type { LoopScope } from "./loop-places.ts";
import type { OutputLookup } from "./outputs.ts";
import { React } from "./react.ts";
import type { Reads } from "./reads.ts";
import type { WorktreeSpec } from "./specs.ts";

/** What every component of a frame can access. */
export interface FrameScope {
  readonly registry: OutputLookup;
  readonly view: RunView;
  readonly reads: Reads;
  /** Default of `cache`, from the Workflow. */
  readonly cache: boolean;
  /** What the names of nodes begin with, in the whole run; empty but in an inline subflow. */
  readonly prefix: string;
  /** The whole run. */
  readonly root: { readonly view: RunView; readonly reads: Reads };
}

export const FrameContext = React.createContext<FrameScope | null>(null);

/** The enclosing Loop. */
export const LoopContext = React.createContext<LoopScope | null>(null);

/** The innermost Worktree around. */
export const WorktreeContext = React.createContext<WorktreeSpec | null>(null);

/** @throws INVALID_WORKFLOW outside of a workflow's frame */
export function useFrame(component: string): FrameScope {
  const frame = React.useContext(FrameContext);
  if (frame) return frame;
  throw new SmithersError(
    "INVALID_WORKFLOW",
    `${component} can be used only inside a workflow that smithers(…) renders.`,
  );
}

/** The `ctx` of the current frame, in any component below the workflow. */
export function useCtx(): Ctx {
  const frame = useFrame("useCtx()");
  return createCtx(frame.view, frame.registry, frame.reads, React.useContext(LoopContext));
}
