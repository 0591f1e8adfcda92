import { cutText } from "../../errors/index.ts";
import type { HostNode } from "../../jsx/index.ts";

/** An element or a text of a rendered tree, as frames store it. */
export type FrameNode =
  | { kind: "element"; tag: string; props: Readonly<Record<string, unknown>>; children: FrameNode[] }
  | { kind: "text"; text: string };

/** Longest text of a frame, in bytes: a prompt may hold whole documents. */
const maxTextBytes = 65_536;

export function toFrameNode(node: HostNode): FrameNode {
  if (node.kind === "text") return { kind: "text", text: cutText(node.text, maxTextBytes) };
  return {
    kind: "element",
    tag: node.tag,
    props: node.shown,
    children: node.children.filter(isShown).map(toFrameNode),
  };
}

/** Whether frames show a node. */
export function isShown(node: HostNode): boolean {
  return node.kind === "text" || node.spec?.type !== "left-out";
}
