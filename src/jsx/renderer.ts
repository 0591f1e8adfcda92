import { isSmithersError, SmithersError } from "../errors/index.ts";
import type { Reads, RunView } from "./ctx.ts";
import { createCtx } from "./ctx.ts";
import { FrameContext } from "./frame-context.ts";
import type { HostContainer, HostElement } from "./host.ts";
import { React, reconcilerConstants } from "./react.ts";
import { reconciler, renderingInto } from "./reconciler.ts";
import type { Workflow } from "./workflow.ts";

/** One frame. */
export interface Rendered {
  readonly root: HostElement;
  /** Grows when anything changed that a frame shows. */
  readonly version: number;
  /** The outputs that were read while it was rendered. */
  readonly reads: Reads;
}

/** Renders one run's frames, one after the other, into one React root; hooks keep their state between them. */
export class WorkflowRenderer {
  readonly #workflow: Workflow;
  readonly #container: HostContainer = { children: [], version: 0 };
  readonly #root: unknown;
  #failure: { error: unknown } | undefined;

  constructor(workflow: Workflow) {
    this.#workflow = workflow;
    const fail = (error: unknown) => {
      this.#failure ??= { error };
    };
    this.#root = reconciler.createContainer(
      this.#container,
      reconcilerConstants.LegacyRoot,
      null,
      false,
      null,
      "",
      fail,
      () => {},
      () => {},
      () => {},
      null,
    );
  }

  /**
   * Renders the workflow against `view`.
   * @throws INVALID_WORKFLOW, MISSING_OUTPUT, or RENDER_FAILED with what the author's code threw.
   */
  render(view: RunView): Rendered {
    const reads: Reads = { schemaKeys: new Set() };
    this.#update(React.createElement(Root, { workflow: this.#workflow, view, reads }));
    const [root, ...others] = this.#container.children;
    if (root?.kind !== "element" || root.spec?.type !== "workflow" || others.length > 0) {
      throw new SmithersError("INVALID_WORKFLOW", "The workflow must render exactly one <Workflow> at its root.");
    }
    return { root, version: this.#container.version, reads };
  }

  /** Runs the cleanups of hooks and forgets the tree. */
  unmount(): void {
    try {
      this.#update(null);
    } catch {
      // A cleanup that throws has nobody left to tell.
    }
  }

  #update(element: React.ReactElement | null): void {
    this.#failure = undefined;
    renderingInto(this.#container);
    try {
      reconciler.updateContainerSync(element, this.#root as never, null, null);
      reconciler.flushSyncWork();
      reconciler.flushPassiveEffects();
    } finally {
      renderingInto(undefined);
    }
    const failure = this.#failure as { error: unknown } | undefined;
    if (failure) throw asRenderError(failure.error);
  }
}

function Root({ workflow, view, reads }: { workflow: Workflow; view: RunView; reads: Reads }) {
  const frame = React.useMemo(
    () => ({ registry: workflow.registry, view, reads, cache: false }),
    [workflow, view, reads],
  );
  const built = workflow.build(createCtx(view, workflow.registry, reads, null));
  return React.createElement(FrameContext.Provider, { value: frame }, built);
}

function asRenderError(error: unknown): unknown {
  if (isSmithersError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new SmithersError("RENDER_FAILED", `The workflow threw while it was rendered: ${message}.`, { cause: error });
}
