import type { ReactElement, ReactNode } from "react";
import { React } from "../react.ts";

/**
 * Stands for children that `skipIf` leaves out. It names their nodes, for which nothing needs to wait then; nodes of
 * components that were not rendered are not known. Frames do not show it.
 */
export function leftOut(...children: ReactNode[]): ReactElement | null {
  const ids = new Set<string>();
  collectIds(children, ids, new Set());
  if (ids.size === 0) return null;
  return React.createElement("smithers:left-out", { spec: { type: "left-out", ids: [...ids] }, shown: {} });
}

function collectIds(node: unknown, ids: Set<string>, seen: Set<unknown>): void {
  if (typeof node !== "object" || node === null || seen.has(node)) return;
  seen.add(node);
  if (Array.isArray(node)) {
    for (const one of node) collectIds(one, ids, seen);
  } else if (React.isValidElement<Readonly<Record<string, unknown>>>(node)) {
    const { id, children, then, else: otherwise } = node.props;
    if (typeof id === "string") ids.add(id);
    collectIds([children, then, otherwise], ids, seen);
  }
}
