import { createHash } from "node:crypto";
import { cutText } from "../../errors/index.ts";
import type { HostNode } from "../../jsx/index.ts";
import type { Plan } from "../../plan/index.ts";
import type { Tree } from "../../store/index.ts";

/** An element or a text of a rendered tree, as frames store it. */
export type FrameNode =
  | { kind: "element"; tag: string; props: Readonly<Record<string, unknown>>; children: FrameNode[] }
  | { kind: "text"; text: string };

/** Longest text of a frame, in bytes: a prompt may hold whole documents. */
const maxTextBytes = 65_536;

/** A rendered tree and its plan as a frame stores them, with their hashes. */
export function treeOf(root: HostNode, plan: Plan): Tree {
  const xmlJson = JSON.stringify(toFrameNode(root));
  const mountedTaskIdsJson = JSON.stringify(plan.tasks.map((task) => task.nodeId));
  const taskIndexJson = JSON.stringify(
    plan.tasks.map(({ nodeId, iteration, ordinal, spec }) => ({
      nodeId,
      iteration,
      ordinal,
      kind: spec.kind,
      output: spec.output.key,
      label: spec.label,
    })),
  );
  const xmlHash = sha256(xmlJson);
  const treeHash = sha256(`${xmlHash}\n${mountedTaskIdsJson}\n${taskIndexJson}`);
  return { treeHash, xmlJson, xmlHash, mountedTaskIdsJson, taskIndexJson };
}

export function toFrameNode(node: HostNode): FrameNode {
  if (node.kind === "text") return { kind: "text", text: cutText(node.text, maxTextBytes) };
  const shown = node.children.filter((child) => child.kind === "text" || child.spec?.type !== "left-out");
  return { kind: "element", tag: node.tag, props: node.shown, children: shown.map(toFrameNode) };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
