import type { OutputRegistry, Rendered, WorkflowRenderer } from "../../jsx/index.ts";
import type { Store } from "../../store/index.ts";
import type { RunState } from "./run-state.ts";

/**
 * Renders a run, and renders it again when the frame reads large values that are not in memory.
 * @param within calls what calls the author's code
 */
export async function renderRun(
  renderer: WorkflowRenderer,
  runState: RunState,
  registry: OutputRegistry,
  store: Pick<Store, "readOutput">,
  within: <T>(code: () => T) => T,
): Promise<Rendered> {
  for (;;) {
    let rendered: Rendered | undefined;
    let thrown: unknown;
    try {
      rendered = within(() => renderer.render(runState));
    } catch (error) {
      thrown = error;
    }
    // Also after a frame that did not fail: the author's code may have caught the error.
    const { absent } = renderer;
    if (absent.size > 0) await runState.values.read(absent, registry, store);
    else if (rendered) return rendered;
    else throw thrown;
  }
}
