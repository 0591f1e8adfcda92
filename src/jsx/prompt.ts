import type { ReactNode } from "react";
import { FrameContext, type FrameScope, LoopContext } from "./frame-context.ts";
import { HostRoot } from "./host-root.ts";
import type { LoopScope } from "./loop-places.ts";
import { promptText } from "./prompt-text.ts";
import { React } from "./react.ts";

/**
 * Renders the result of a prompt function, outside of the workflow's tree. Its components may call `useCtx`.
 * @throws RENDER_FAILED
 */
export function renderPrompt(prompt: ReactNode, frame: FrameScope, scope: LoopScope | null): string {
  const root = new HostRoot();
  try {
    root.update(
      React.createElement(
        FrameContext.Provider,
        { value: frame },
        React.createElement(LoopContext.Provider, { value: scope }, prompt),
      ),
    );
    return promptText(root.container.children);
  } finally {
    root.unmount();
  }
}
