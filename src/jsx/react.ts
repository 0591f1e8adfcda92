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

const internals: unknown = Reflect.get(React, "__CLIENT_INTERNALS_DO_NOT_USE_OR_WARN_USERS_THEY_CANNOT_UPGRADE");

/**
 * Lets the components of a frame make elements with React's development JSX runtime too, which files without a setting
 * for JSX are compiled for. It asks the reconciler for the element's owner, which the production build does not tell.
 */
export function acceptDevelopmentJsx(): void {
  const dispatcher = (internals as { A?: { getOwner?(): null } | null } | undefined)?.A;
  if (dispatcher) dispatcher.getOwner ??= () => null;
}
