import type { ReactNode } from "react";
import { isSmithersError, messageOf, SmithersError } from "../errors/index.ts";
import type { HostContainer } from "./host.ts";
import { reconcilerConstants } from "./react.ts";
import { reactErrorText } from "./react-errors.ts";
import { type Reconciler, reconciler, renderingInto, renewReconciler } from "./reconciler.ts";

/** A React root whose host tree is plain data. Each update is rendered before the call returns. */
export class HostRoot {
  readonly container: HostContainer = { children: [], version: 0, planVersion: 0, placed: false };
  #reconciler: Reconciler | undefined;
  #root: unknown;
  #failure: { error: unknown } | undefined;

  /** @throws the SmithersError that a component threw, or RENDER_FAILED for any other error */
  update(element: ReactNode): void {
    const instance = reconciler();
    if (this.#reconciler !== instance) this.#attach(instance);
    this.#failure = undefined;
    let committed = false;
    renderingInto(this.container);
    try {
      instance.updateContainerSync(element, this.#root as never, null, () => {
        committed = true;
      });
      instance.flushSyncWork();
      instance.flushPassiveEffects();
    } catch (error) {
      renewReconciler(this.#root);
      throw asRenderError(error);
    } finally {
      renderingInto(undefined);
    }
    const failure = this.#failure as { error: unknown } | undefined;
    if (failure) throw asRenderError(failure.error);
    // React would keep the previous frame's tree, and the run would continue with it.
    if (!committed) {
      this.#abandon(instance);
      throw new SmithersError(
        "RENDER_FAILED",
        "A component suspended on a promise outside of <Suspense>, as an asynchronous one does. Await in a task instead.",
      );
    }
  }

  #attach(instance: Reconciler): void {
    const fail = (error: unknown) => {
      this.#failure ??= { error };
    };
    this.container.children.length = 0;
    this.#reconciler = instance;
    this.#root = instance.createContainer(
      this.container,
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
   * Drops the root of a suspended tree. React would render it again each time the promise settles, and for ever where
   * each rendering makes another promise.
   */
  #abandon(instance: Reconciler): void {
    try {
      instance.updateContainerSync(null, this.#root as never, null, null);
      instance.flushSyncWork();
    } catch {
      renewReconciler(this.#root);
    }
    this.#reconciler = undefined;
  }

  /** Runs the cleanups of hooks and drops the tree. */
  unmount(): void {
    try {
      this.update(null);
    } catch {
      // No one can be told about a cleanup that throws.
    }
  }
}

function asRenderError(error: unknown): unknown {
  if (isSmithersError(error)) return error;
  const said = reactErrorText(error) ?? (messageOf(error) || "an empty text");
  const problem = `The workflow threw an error while rendering: ${said}`;
  return new SmithersError("RENDER_FAILED", /[.!?]$/.test(problem) ? problem : `${problem}.`, { cause: error });
}
