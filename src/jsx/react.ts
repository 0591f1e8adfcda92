import { createRequire } from "node:module";
import type * as ReactModule from "react";
import type * as ReactJsxRuntime from "react/jsx-runtime";
import type ReactReconciler from "react-reconciler";
import type * as ReconcilerConstants from "react-reconciler/constants.js";

const load = createRequire(import.meta.url);

/** Loads a module of React, which chooses its build by NODE_ENV while it is loaded. */
function loadBuild<T>(build: "production" | "development", load: () => T): T {
  const environment = process.env.NODE_ENV;
  process.env.NODE_ENV = build;
  try {
    return load();
  } finally {
    if (environment === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = environment;
  }
}

// Every turn renders a plan, so this is always the production build, in whatever environment the host program runs.
export const React = loadBuild("production", () => load("react") as typeof ReactModule);

// If the program has loaded React before, the same build must be used: the builds are incompatible. Only the
// development build has `act`.
const build = "act" in React ? "development" : "production";
export const jsxRuntime = loadBuild(build, () => load("react/jsx-runtime") as typeof ReactJsxRuntime);

/** @internal Loads the reconciler, which a process that renders nothing does not need. */
export function loadReconciler(): typeof ReactReconciler {
  return loadBuild(build, () => {
    const createReconciler = load("react-reconciler") as typeof ReactReconciler;
    // The reconciler loads it at first use. By then NODE_ENV would select the slower development build.
    createRequire(load.resolve("react-reconciler"))("scheduler");
    return createReconciler;
  });
}

/** @internal */
export const reconcilerConstants = loadBuild(
  build,
  () => load("react-reconciler/constants") as typeof ReconcilerConstants,
);

interface Internals {
  /** The hooks of the component that is being rendered. */
  H: unknown;
  A: { getOwner?(): null } | null;
}

const internals = Reflect.get(React, "__CLIENT_INTERNALS_DO_NOT_USE_OR_WARN_USERS_THEY_CANNOT_UPGRADE") as
  | Internals
  | undefined;

/**
 * Lets the components of a frame make elements with React's development JSX runtime too, which files without a setting
 * for JSX are compiled for. It asks the reconciler for the element's owner, which the production build does not tell.
 */
export function acceptDevelopmentJsx(): void {
  const dispatcher = internals?.A;
  if (dispatcher) dispatcher.getOwner ??= () => null;
}

interface Fiber {
  readonly type: { _currentValue?: unknown; readonly _currentValue2?: unknown; _currentRenderer?: unknown } | null;
  readonly child: Fiber | null;
  readonly sibling: Fiber | null;
  readonly alternate: Fiber | null;
}

/**
 * Undoes what a rendering leaves behind that an error of React's own code has ended: hooks would work outside of
 * components, and contexts would keep what this tree provides, for the trees of other runs too.
 * @param root React's root of the tree
 */
export function forgetRendering(root: unknown): void {
  if (internals) Object.assign(internals, { H: null, A: null } satisfies Internals);
  const { current } = root as { readonly current: Fiber };
  const waiting: (Fiber | null)[] = [current, current.alternate];
  while (waiting.length > 0) {
    const fiber = waiting.pop();
    if (!fiber) continue;
    const { type } = fiber;
    // Where a secondary renderer, of which there is none, would note what it provides, a context keeps its default.
    if (type && typeof type === "object" && "_currentValue2" in type) type._currentValue = type._currentValue2;
    // The development build complains of a provider that another reconciler has not left.
    if (type && typeof type === "object" && "_currentRenderer" in type) type._currentRenderer = null;
    waiting.push(fiber.child, fiber.sibling);
  }
}
