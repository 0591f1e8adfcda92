import { jsxRuntime } from "./jsx/index.ts";

export type { JSX } from "react/jsx-runtime";
export const { Fragment, jsx, jsxs } = jsxRuntime;
