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
  const children = shownIn(node);
  return children.flatMap((child, index) => {
    const isLast = index === children.length - 1;
    const line = `${indent}${isLast ? "└─" : "├─"} ${titleOf(child, word)}`.trimEnd();
    return [line, ...branches(child, `${indent}${isLast ? "   " : "│  "}`, word)];
  });
}

/**
 * The components in a node. Elements of an agent's prompt are left out, and an element that is there for the plan alone
 * is replaced by what is in it.
 */
function shownIn(node: TreeNode): TreeNode[] {
  if (node.kind === "text") return [];
  return node.children.flatMap((child) => {
    if (child.kind === "text" || child.tag === "smithers:left-out") return [];
    return !child.tag.startsWith("smithers:") || transparent.has(child.tag) ? shownIn(child) : [child];
  });
}

const transparent: ReadonlySet<string> = new Set(["smithers:subflow-tree", "smithers:subflow-tolerated"]);

function titleOf(node: TreeNode, word: (nodeId: string, what: string) => string): string {
  if (node.kind === "text") return "";
  const { props } = node;
  const tag = node.tag.replace(/^smithers:/, "");
  const text = (name: string) => oneLine(String(props[name] ?? ""));
  switch (tag) {
    case "workflow":
      return text("name");
    case "sequence":
      return group("sequence", text("label"));
    case "parallel": {
      const bound = props.maxConcurrency === undefined ? "" : `, at most ${props.maxConcurrency} at once`;
      return group("parallel", text("label")) + bound;
    }
    case "loop":
      return `loop ${text("id")}, at most ${props.maxIterations} iterations`;
    case "saga":
      return named("saga", text("id"));
    case "saga-step":
      return named("step", text("label") || text("id"));
    case "try-catch-finally":
    case "try":
    case "catch":
    case "finally":
    case "aspects":
      return tag;
    case "continue-as-new":
      return "continue as new";
    case "escalation-chain":
      return `${named("escalation", text("id"))}, ${props.levels === 1 ? "1 level" : `${props.levels} levels`}`;
    case "worktree":
      return `${named("worktree", text("branch"))}, in ${text("path")}`;
    case "worktree-cleanup":
      return word(text("id"), "removes the worktree");
    case "subflow":
      return word(text("id"), props.mode === "inline" ? "subflow, inline" : "subflow");
    case "human-task":
      return word(text("id"), "asks a person for an answer");
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

const group = (kind: string, label: string): string => (label === "" ? kind : `${kind} "${label}"`);

const named = (kind: string, name: string): string => (name === "" ? kind : `${kind} ${name}`);
