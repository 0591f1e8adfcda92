import type { ElementType, Key, ReactElement } from "react";
import { jsxRuntime } from "./jsx/index.ts";

export type { JSX } from "react/jsx-runtime";
export const { Fragment } = jsxRuntime;

/** The function that compilers call outside of production. The source position that they pass is not used. */
export function jsxDEV(type: ElementType, props: unknown, key?: Key, isStatic?: boolean): ReactElement {
  return isStatic ? jsxRuntime.jsxs(type, props, key) : jsxRuntime.jsx(type, props, key);
}
