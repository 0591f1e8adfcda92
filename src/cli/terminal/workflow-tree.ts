import { oneLine } from "../../text/printable.ts";
import { duration } from "./format.ts";

/** A node of a frame's tree, as `xmlJson` stores it. */
export type TreeNode =
  | { readonly kind: "element"; readonly tag: string; readonly props: Props; readonly children: readonly TreeNode[] }
  | { readonly kind: "text"; readonly text: string };
type Props = Readonly<Record<string, unknown>>;

/** The lines of a workflow's tree. `word` formats a node from its id and its description. */
export function workflowTreeLines(root: TreeNode, word: (nodeId: string, what: string) => string): string[] {
  return [titleOf(root, word), ...branches(root, "", word)];
}

function branches(node: TreeNode, indent: string, word: (nodeId: string, what: string) => string): string[] {
  if (node.kind === "text") return [];
  const children = node.children.filter(({ kind }) => kind === "element");
  return children.flatMap((child, index) => {
    const isLast = index === children.length - 1;
    const line = `${indent}${isLast ? "└─" : "├─"} ${titleOf(child, word)}`;
    return [line, ...branches(child, `${indent}${isLast ? "   " : "│  "}`, word)];
  });
}

function titleOf(node: TreeNode, word: (nodeId: string, what: string) => string): string {
  if (node.kind === "text") return "";
  const { props } = node;
  const tag = node.tag.replace(/^smithers:/, "");
  const text = (name: string) => oneLine(String(props[name] ?? ""));
  switch (tag) {
    case "workflow":
      return text("name");
    case "sequence":
      return "sequence";
    case "parallel":
      return props.maxConcurrency === undefined ? "parallel" : `parallel, at most ${props.maxConcurrency} at once`;
    case "loop":
      return `loop ${text("id")}, at most ${props.maxIterations} iterations`;
    case "approval":
      return word(text("id"), `approval "${text("title")}"`);
    case "signal":
    case "wait-for-event":
      return word(
        text("id"),
        `waits for ${text("event")}${props.correlationId == null ? "" : ` (${text("correlationId")})`}`,
      );
    case "timer":
      return word(text("id"), typeof props.durationMs === "number" ? `timer ${duration(props.durationMs)}` : "timer");
    default:
      return word(text("id"), text("kind"));
  }
}
