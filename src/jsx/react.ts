import { createRequire } from "node:module";
import type * as ReactModule from "react";
import type * as ReactJsxRuntime from "react/jsx-runtime";
import type ReactReconciler from "react-reconciler";
import type * as ReconcilerConstants from "react-reconciler/constants.js";

const load = createRequire(import.meta.url);
const environment = process.env.NODE_ENV;

// React chooses its build by NODE_ENV when it is loaded. A plan is rendered at every turn, so it is the
// production build whatever the host program calls its environment.
process.env.NODE_ENV = "production";
export const React = load("react") as typeof ReactModule;

// Unless the program has loaded React before: the builds do not fit each other. `act` is in the other one alone.
if ("act" in React) process.env.NODE_ENV = "development";
export const jsxRuntime = load("react/jsx-runtime") as typeof ReactJsxRuntime;
/** @internal its types are no dependency of the package */
export const createReconciler = load("react-reconciler") as typeof ReactReconciler;
// The reconciler asks for it when it is first used, and its development build is slower.
createRequire(load.resolve("react-reconciler"))("scheduler");
/** @internal */
export const reconcilerConstants = load("react-reconciler/constants") as typeof ReconcilerConstants;

if (environment === undefined) delete process.env.NODE_ENV;
else process.env.NODE_ENV = environment;
