import { isDeepStrictEqual } from "node:util";
import type { ReactContext } from "react-reconciler";
import { SmithersError } from "../errors/index.ts";
import type { HostContainer, HostElement, HostNode, HostProps, HostText } from "./host.ts";
import { forgetRendering, loadReconciler, React, reconcilerConstants } from "./react.ts";
import type { Spec } from "./specs.ts";

const { DefaultEventPriority, NoEventPriority } = reconcilerConstants;

const nothing = () => {};
const no = () => false;
const nil = () => null;

let updatePriority: number = NoEventPriority;
/** The container that is being rendered. Frames are rendered one at a time, synchronously. */
let current: HostContainer | undefined;

/** Sets the container that changes belong to, until the next call. */
export function renderingInto(container: HostContainer | undefined): void {
  current = container;
}

/** Most props are plain values, and a deep comparison costs more than the rest of an update. */
function isSame(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): boolean {
  for (const name in after) if (after[name] !== before[name]) return isDeepStrictEqual(before, after);
  for (const name in before) if (!(name in after)) return false;
  return true;
}

function changed(): void {
  if (!current) return;
  current.version += 1;
  current.planVersion += 1;
}

/** Whether a spec tells the planner the same. A task's may hold functions, and would be compared at length. */
function isSameSpec(before: Spec | undefined, after: Spec | undefined): boolean {
  if (!before || !after) return before === after;
  if (after.type === "task" && ["compute", "agent", "static"].includes(after.kind)) return before === after;
  return isSame({ ...before }, { ...after });
}

function remove(children: HostNode[], child: HostNode): void {
  const index = children.indexOf(child);
  if (index >= 0) children.splice(index, 1);
}

function append(children: HostNode[], child: HostNode): void {
  remove(children, child);
  children.push(child);
  changed();
}

function insert(children: HostNode[], child: HostNode, before: HostNode): void {
  remove(children, child);
  children.splice(children.indexOf(before), 0, child);
  changed();
}

function detach(children: HostNode[], child: HostNode): void {
  remove(children, child);
  changed();
}

/** React's own record of an element, from which its position in the tree is read. */
interface PlacedFiber {
  readonly type: unknown;
  readonly key: string | null;
  readonly index: number;
  readonly return: PlacedFiber | null;
}

/**
 * The default id of a Loop: its key or its position among its siblings, and those of the elements around it.
 * Conditional siblings do not change it, because an unmounted element keeps its position.
 */
function placeOf(element: PlacedFiber): string {
  const steps: (string | number)[] = [];
  // Walks from the Loop itself, not from what it renders, up to the Workflow.
  for (let at = element.return?.return ?? null; at && at.type !== "smithers:workflow"; at = at.return) {
    steps.unshift(at.key === null ? at.index : encodeURIComponent(at.key));
  }
  return `loop-${steps.join(".")}`;
}

/** The attributes of a prompt's element, such as `href`. */
function attributesIn(props: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const attributes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(props)) {
    if (name !== "children" && ["string", "number", "boolean"].includes(typeof value) && value !== false) {
      attributes[name] = value;
    }
  }
  return attributes;
}

/** @internal its types are not a dependency of the package */
export type Reconciler = ReturnType<ReturnType<typeof loadReconciler>>;

let instance: Reconciler | undefined;

/** Deepest nesting of elements: many of the walks over the tree are recursive, and a deeper one could exhaust the stack. */
const maxDepth = 2_000;

/** @internal The reconciler to render with. */
export function reconciler(): Reconciler {
  instance ??= loadReconciler()(hostConfig);
  return instance;
}

/**
 * Drops the reconciler after its own code has thrown, for example because a tree is too deep for the stack. It would
 * otherwise remain in the middle of a commit and never render again, for any root.
 * @param root the root that was being rendered
 */
export function renewReconciler(root: unknown): void {
  instance = undefined;
  forgetRendering(root);
}

// biome-ignore lint/suspicious/noExplicitAny: the published types lag behind the reconciler's own host config
const hostConfig: any = {
  supportsMutation: true,
  supportsPersistence: false,
  supportsHydration: false,
  isPrimaryRenderer: true,
  noTimeout: -1,
  scheduleTimeout: setTimeout,
  cancelTimeout: clearTimeout,
  supportsMicrotasks: true,
  scheduleMicrotask: queueMicrotask,
  NotPendingTransition: null,
  HostTransitionContext: React.createContext(null) as unknown as ReactContext<null>,

  createInstance(
    tag: string,
    props: HostProps,
    _root: HostContainer,
    _context: unknown,
    fiber: PlacedFiber,
  ): HostElement {
    let { spec, shown = attributesIn(props) } = props;
    if (props.scope && spec?.type === "loop" && props.scope.id === undefined) {
      const id = placeOf(fiber);
      props.scope.id = id;
      spec = { ...spec, id };
      shown = { ...shown, id };
      if (current) current.placed = true;
    }
    return { kind: "element", tag, spec, shown, children: [] };
  },
  createTextInstance: (text: string): HostText => ({ kind: "text", text }),
  appendInitialChild: (parent: HostElement, child: HostNode) => void parent.children.push(child),
  finalizeInitialChildren: no,
  shouldSetTextContent: no,

  appendChild: (parent: HostElement, child: HostNode) => append(parent.children, child),
  appendChildToContainer: (container: HostContainer, child: HostNode) => append(container.children, child),
  insertBefore: (parent: HostElement, child: HostNode, before: HostNode) => insert(parent.children, child, before),
  insertInContainerBefore: (container: HostContainer, child: HostNode, before: HostNode) =>
    insert(container.children, child, before),
  removeChild: (parent: HostElement, child: HostNode) => detach(parent.children, child),
  removeChildFromContainer: (container: HostContainer, child: HostNode) => detach(container.children, child),
  clearContainer(container: HostContainer) {
    container.children.length = 0;
    changed();
  },
  commitUpdate(element: HostElement, _tag: string, _before: HostProps, props: HostProps) {
    if (current && !isSameSpec(element.spec, props.spec)) current.planVersion += 1;
    element.spec = props.spec;
    const shown = props.shown ?? attributesIn(props);
    if (isSame(element.shown, shown)) return;
    element.shown = shown;
    if (current) current.version += 1;
  },
  commitTextUpdate(text: HostText, _before: string, after: string) {
    text.text = after;
    if (current) current.version += 1;
  },
  hideInstance: nothing,
  unhideInstance: nothing,
  hideTextInstance: nothing,
  unhideTextInstance: nothing,
  resetTextContent: nothing,

  // The context of an element is how deep it is. Asked for before its children are rendered.
  getRootHostContext: () => 0,
  getChildHostContext(parentDepth: number): number {
    if (parentDepth < maxDepth) return parentDepth + 1;
    throw new SmithersError(
      "INVALID_WORKFLOW",
      `The tree is nested in more than ${maxDepth} levels. A component that contains itself needs a condition that ends it.`,
    );
  },
  getPublicInstance: (instance: unknown) => instance,
  prepareForCommit: nil,
  resetAfterCommit: nothing,
  preparePortalMount: nothing,
  detachDeletedInstance: nothing,

  setCurrentUpdatePriority(priority: number) {
    updatePriority = priority;
  },
  getCurrentUpdatePriority: () => updatePriority,
  resolveUpdatePriority: () => updatePriority || DefaultEventPriority,
  shouldAttemptEagerTransition: no,
  trackSchedulerEvent: nothing,
  resolveEventType: nil,
  resolveEventTimeStamp: () => -1.1,
  requestPostPaintCallback: nothing,
  resetFormInstance: nothing,
  maySuspendCommit: no,
  maySuspendCommitOnUpdate: no,
  maySuspendCommitInSyncRender: no,
  preloadInstance: () => true,
  startSuspendingCommit: nil,
  suspendInstance: nothing,
  waitForCommitToBeReady: nil,
  getInstanceFromNode: nil,
  beforeActiveInstanceBlur: nothing,
  afterActiveInstanceBlur: nothing,
  prepareScopeUpdate: nothing,
  getInstanceFromScope: nil,
};
