import { SmithersError } from "../errors/index.ts";
import { type Ctx, createCtx, type RunView } from "./ctx.ts";
import type { LoopScope } from "./loop-places.ts";
import type { OutputLookup } from "./outputs.ts";
import { React } from "./react.ts";
import type { Reads } from "./reads.ts";
import type { WorktreeSpec } from "./specs.ts";

/** What every component below can access. The same object for all frames, unless what it says changes. */
export interface FrameScope {
  readonly registry: OutputLookup;
  readonly view: RunView;
  /** What the current frame has read. */
  reads(): Reads;
  /** Default of `cache`, from the Workflow. */
  readonly cache: boolean;
  /** What the names of nodes begin with, in the whole run; empty but in an inline subflow. */
  readonly prefix: string;
  /** The whole run. */
  readonly root: RootScope;
}

/** What is common to a whole tree. */
export interface RootScope {
  readonly view: RunView;
  /** Of the current frame. */
  reads: Reads;
  /** Whether a component reads the run's state, and must be rendered in every frame. */
  isRead: boolean;
  /** The `ctx` of the current frame, by the scope and the loop around those who have asked for it. */
  ctxs: Map<FrameScope, Map<LoopScope | null, Ctx>>;
}

export const FrameContext = React.createContext<FrameScope | null>(null);

/** Changes with every frame once a component has read the run's state. */
export const FrameNoContext = React.createContext(0);

/** The enclosing Loop. */
export const LoopContext = React.createContext<LoopScope | null>(null);

/** The innermost Worktree around. */
export const WorktreeContext = React.createContext<WorktreeSpec | null>(null);

/**
 * The scope of a component that does not read the run's state. It is not rendered again only because the state changes.
 * @throws INVALID_WORKFLOW outside of a workflow's frame
 */
export function useScope(component: string): FrameScope {
  const scope = React.use(FrameContext);
  if (scope) return scope;
  throw new SmithersError(
    "INVALID_WORKFLOW",
    `${component} can be used only inside a workflow that smithers(…) renders.`,
  );
}

/**
 * The scope of a component that may read the run's state. It is rendered in every frame.
 * @throws INVALID_WORKFLOW outside of a workflow's frame
 */
export function useFrame(component: string): FrameScope {
  const scope = useScope(component);
  renderInEveryFrame(scope);
  return scope;
}

/** Lets the component that is being rendered be rendered in every frame. May be called under a condition. */
export function renderInEveryFrame({ root }: FrameScope): void {
  root.isRead = true;
  React.use(FrameNoContext);
}

/** The `ctx` of the current frame, in any component below the workflow. */
export function useCtx(): Ctx {
  const scope = useFrame("useCtx()");
  const loop = React.use(LoopContext);
  const { ctxs } = scope.root;
  let byLoop = ctxs.get(scope);
  if (!byLoop) ctxs.set(scope, (byLoop = new Map()));
  let ctx = byLoop.get(loop);
  if (!ctx) byLoop.set(loop, (ctx = createCtx(scope.view, scope.registry, scope.reads(), loop)));
  return ctx;
}
