import type { ElementType, Key, ReactElement } from "react";
import { jsxRuntime } from "./jsx/index.ts";

export type { JSX } from "react/jsx-runtime";
export const { Fragment } = jsxRuntime;

/** What compilers emit outside of production; the place in the source, which it is also given, is not used. */
export function jsxDEV(type: ElementType, props: unknown, key?: Key, isStatic?: boolean): ReactElement {
  return isStatic ? jsxRuntime.jsxs(type, props, key) : jsxRuntime.jsx(type, props, key);
}
