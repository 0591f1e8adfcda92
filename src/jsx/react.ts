import { createRequire } from "node:module";
import type * as ReactModule from "react";
import type * as ReactJsxRuntime from "react/jsx-runtime";
import type ReactReconciler from "react-reconciler";
import type * as ReconcilerConstants from "react-reconciler/constants.js";

const load = createRequire(import.meta.url);
const environment = process.env.NODE_ENV;

// React chooses its build by NODE_ENV when it is loaded. Every turn renders a plan, so this is always the production
// build, in whatever environment the host program runs.
process.env.NODE_ENV = "production";
export const React = load("react") as typeof ReactModule;

// If the program has loaded React before, the same build must be used: the builds are incompatible. Only the
// development build has `act`.
if ("act" in React) process.env.NODE_ENV = "development";
export const jsxRuntime = load("react/jsx-runtime") as typeof ReactJsxRuntime;
/** @internal its types are not a dependency of the package */
export const createReconciler = load("react-reconciler") as typeof ReactReconciler;
// The reconciler loads it at first use. By then NODE_ENV would select the slower development build.
createRequire(load.resolve("react-reconciler"))("scheduler");
/** @internal */
export const reconcilerConstants = load("react-reconciler/constants") as typeof ReconcilerConstants;

const internals: unknown = Reflect.get(React, "__CLIENT_INTERNALS_DO_NOT_USE_OR_WARN_USERS_THEY_CANNOT_UPGRADE");

/**
 * Lets the components of a frame make elements with React's development JSX runtime too, which files without a setting
 * for JSX are compiled for. It asks the reconciler for the element's owner, which the production build does not tell.
 */
export function acceptDevelopmentJsx(): void {
  const dispatcher = (internals as { A?: { getOwner?(): null } | null } | undefined)?.A;
  if (dispatcher) dispatcher.getOwner ??= () => null;
}

if (environment === undefined) delete process.env.NODE_ENV;
else process.env.NODE_ENV = environment;
