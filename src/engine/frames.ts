import { createHash } from "node:crypto";
import type { HostNode } from "../jsx/index.ts";
import type { Plan } from "../plan/index.ts";
import type { FrameRecord } from "../store/index.ts";

type FrameNode =
  | { kind: "element"; tag: string; props: Readonly<Record<string, unknown>>; children: FrameNode[] }
  | { kind: "text"; text: string };

/** The frame that a rendered tree and its plan amount to. */
export function frameOf(root: HostNode, plan: Plan, frameNo: number): FrameRecord {
  const xmlJson = JSON.stringify(toFrameNode(root));
  const mountedJson = JSON.stringify(plan.tasks.map((task) => task.nodeId));
  const indexJson = JSON.stringify(
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
  const treeHash = sha256(`${xmlHash}\n${mountedJson}\n${indexJson}`);
  return { frameNo, xmlJson, xmlHash, mountedJson, indexJson, treeHash };
}

function toFrameNode(node: HostNode): FrameNode {
  if (node.kind === "text") return { kind: "text", text: node.text };
  return { kind: "element", tag: node.tag, props: node.shown, children: node.children.map(toFrameNode) };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
