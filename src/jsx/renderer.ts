import { SmithersError } from "../errors/index.ts";
import { buildTree } from "./build-tree.ts";
import { createCtx, type RunView } from "./ctx.ts";
import { FrameContext, FrameNoContext, type FrameScope, type RootScope } from "./frame-context.ts";
import type { HostElement, HostNode } from "./host.ts";
import { HostRoot } from "./host-root.ts";
import { KeptTree } from "./kept-tree.ts";
import { acceptDevelopmentJsx, React } from "./react.ts";
import { AskedNodes, type FrameReads } from "./reads.ts";
import type { StoredOutput } from "./stored-output.ts";
import type { Workflow } from "./workflow.ts";

/** A rendered frame. */
export interface Rendered {
  readonly root: HostElement;
  /** Grows with every change that a frame shows. */
  readonly version: number;
  /** Grows with every change that the frame's plan may depend on. */
  readonly planVersion: number;
  /** The outputs that were read during the rendering. */
  readonly reads: FrameReads;
}

/** Renders the frames of one run into one React root; hooks keep their state from frame to frame. */
export class WorkflowRenderer {
  readonly #workflow: Workflow;
  readonly #root = new HostRoot();
  readonly #asked = new AskedNodes();
  readonly #kept = new KeptTree();
  #reads: FrameReads | undefined;
  #scope: FrameScope | undefined;
  #frameNo = 0;

  constructor(workflow: Workflow) {
    this.#workflow = workflow;
  }

  /** Outputs that the last rendering has read while they were not in memory, also one that threw. */
  get absent(): ReadonlySet<StoredOutput> {
    return this.#reads?.absent ?? new Set();
  }

  /**
   * Renders the workflow against `view`.
   * @throws INVALID_WORKFLOW, MISSING_OUTPUT, or RENDER_FAILED for an error of the author's code
   */
  render(view: RunView): Rendered {
    const reads = this.#asked.begin(view);
    this.#reads = reads;
    if (this.#scope?.view !== view) this.#scope = scopeOf(this.#workflow, view, reads);
    this.#scope.root.reads = reads;
    const { container } = this.#root;
    container.placed = false;
    this.#update(this.#scope);
    // Renders again for the contents of Loops that got their default id only now.
    if (container.placed) this.#update(this.#scope);
    // The author's functions keep the frame, and must not keep the values in it.
    reads.rows.clear();
    const { children, version, planVersion } = container;
    const [root, ...others] = children;
    if (root?.kind !== "element" || root.spec?.type !== "workflow" || others.length > 0) {
      const found = children.length === 0 ? "nothing" : children.map(describeHostNode).join(" and ");
      throw new SmithersError(
        "INVALID_WORKFLOW",
        `The workflow must render exactly one <Workflow> at its root; it renders ${found}.`,
      );
    }
    return { root, version, planVersion, reads };
  }

  #update(scope: FrameScope): void {
    this.#frameNo += 1;
    scope.root.ctxs = new Map();
    const frame = { workflow: this.#workflow, scope, frameNo: this.#frameNo, kept: this.#kept };
    this.#root.update(React.createElement(Frame, frame));
  }

  /** Runs the cleanups of hooks and drops the tree. */
  unmount(): void {
    this.#root.unmount();
  }
}

function scopeOf({ registry }: Workflow, view: RunView, reads: FrameReads): FrameScope {
  const root: RootScope = { view, reads, isRead: false, ctxs: new Map() };
  return { registry, view, reads: () => root.reads, cache: false, prefix: "", root };
}

interface FrameProps {
  workflow: Workflow;
  scope: FrameScope;
  frameNo: number;
  kept: KeptTree;
}

function Frame({ workflow, scope, frameNo, kept }: FrameProps) {
  acceptDevelopmentJsx();
  const { view, registry, root } = scope;
  const built = kept.keep(buildTree(workflow, createCtx(view, registry, root.reads, null)));
  return React.createElement(
    FrameContext.Provider,
    { value: scope },
    React.createElement(FrameNoContext.Provider, { value: root.isRead ? frameNo : 0 }, built),
  );
}

/** A host node for a message: `<Task id="a">`, or its text. */
function describeHostNode(node: HostNode): string {
  if (node.kind === "text") return `the text ${JSON.stringify(node.text.slice(0, 40))}`;
  const words = node.tag.replace(/^smithers:/, "").split("-");
  const name = node.spec ? words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("") : node.tag;
  return typeof node.shown.id === "string" ? `<${name} id="${node.shown.id}">` : `<${name}>`;
}
