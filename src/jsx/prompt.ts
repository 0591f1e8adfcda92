import type { ReactNode } from "react";
import { FrameContext, type FrameScope, LoopContext } from "./frame-context.ts";
import type { HostElement, HostNode } from "./host.ts";
import { HostRoot } from "./host-root.ts";
import type { LoopScope } from "./loop-places.ts";
import { React } from "./react.ts";

/**
 * Renders the result of a prompt function, outside of the workflow's tree. Its components may call `useCtx`.
 * @throws RENDER_FAILED
 */
export function renderPrompt(prompt: ReactNode, frame: FrameScope, scope: LoopScope | null): string {
  const root = new HostRoot();
  try {
    root.update(
      React.createElement(
        FrameContext.Provider,
        { value: frame },
        React.createElement(LoopContext.Provider, { value: scope }, prompt),
      ),
    );
    return promptText(root.container.children);
  } finally {
    root.unmount();
  }
}

/** Converts a prompt's elements to text: Markdown, as models read it. */
export function promptText(nodes: readonly HostNode[]): string {
  return flow(nodes).trim();
}

/** Joins inline content and blocks in order. */
function flow(nodes: readonly HostNode[]): string {
  let text = "";
  let gap = "";
  for (const node of nodes) {
    const block = node.kind === "element" ? blockOf(node) : undefined;
    if (block === undefined) {
      const piece = node.kind === "text" ? node.text : inline(node);
      if (gap !== "" && piece.trim() === "") continue;
      text += gap + piece;
      gap = "";
    } else if (block.text !== "") {
      const before = text.trimEnd();
      text = (before === "" ? "" : before + (gap || block.gap)) + block.text;
      gap = block.gap;
    }
  }
  return text;
}

const marks: Record<string, string> = { strong: "**", b: "**", em: "*", i: "*", code: "`" };

function inline({ tag, children }: HostElement): string {
  if (tag === "br") return "\n";
  const mark = marks[tag] ?? "";
  return mark + flow(children) + mark;
}

const paragraphs = new Set(
  "p div section article header footer main aside nav table thead tbody tr figure dl dd dt".split(" "),
);

/** The text of a block element, and the gap between it and its neighbours; undefined for an inline element. */
function blockOf({ tag, children }: HostElement): { text: string; gap: string } | undefined {
  const heading = /^h([1-6])$/.exec(tag)?.[1];
  if (heading !== undefined) return apart(`${"#".repeat(Number(heading))} ${flow(children).trim()}`);
  if (paragraphs.has(tag)) return apart(flow(children).trim());
  switch (tag) {
    case "ul":
    case "ol":
      return apart(list(children, tag === "ol"));
    case "pre":
      return apart(`\`\`\`\n${plain(children).replace(/\n$/, "")}\n\`\`\``);
    case "blockquote":
      return apart(flow(children).trim().replace(/^/gm, "> "));
    case "hr":
      return apart("---");
    default:
      return undefined;
  }
}

const apart = (text: string) => ({ text, gap: "\n\n" });

function list(children: readonly HostNode[], numbered: boolean): string {
  const items = children.filter((child) => child.kind === "element");
  return items
    .map((item, index) => {
      const bullet = numbered ? `${index + 1}. ` : "- ";
      return (
        bullet +
        flow(item.children)
          .trim()
          .replaceAll("\n", `\n${" ".repeat(bullet.length)}`)
      );
    })
    .join("\n");
}

function plain(nodes: readonly HostNode[]): string {
  return nodes.map((node) => (node.kind === "text" ? node.text : plain(node.children))).join("");
}
