import type { HostElement, HostNode } from "./host.ts";

/** Converts a prompt's elements to text: Markdown, as models read it, in which elements unknown to HTML stay XML. */
export function promptText(nodes: readonly HostNode[]): string {
  return flow(nodes).trim();
}

/** Text, and the gap between it and its neighbours. */
interface Block {
  readonly text: string;
  readonly gap: string;
}

/** Joins inline content and blocks in order. */
function flow(nodes: readonly HostNode[]): string {
  // Elements between words belong to the sentence; without words, each stands in lines of its own.
  const hasWords = nodes.some((node) => node.kind === "text" && node.text.trim() !== "");
  let text = "";
  let gap = "";
  for (const node of nodes) {
    const block = node.kind === "element" ? blockOf(node, hasWords) : undefined;
    if (block === undefined) {
      const piece = node.kind === "text" ? node.text : inline(node as HostElement);
      if (gap !== "" && piece.trim() === "") continue;
      text += gap + piece;
      gap = "";
    } else if (block.text !== "") {
      const before = text.trimEnd();
      text = (before === "" ? "" : before + longer(gap, block.gap)) + block.text;
      gap = block.gap;
    }
  }
  return text;
}

const longer = (one: string, other: string) => (one.length > other.length ? one : other);

const marks: Record<string, string> = { strong: "**", b: "**", em: "*", i: "*", code: "`", del: "~~", s: "~~" };

function inline(element: HostElement): string {
  const { tag, children } = element;
  switch (tag) {
    case "br":
      return "\n";
    case "a":
      return link(flow(children), attribute(element, "href"));
    case "img":
      return `![${attribute(element, "alt")}](${attribute(element, "src")})`;
  }
  if (!isHtml(tag)) return xml(element, flow(children));
  const mark = marks[tag] ?? "";
  return mark + flow(children) + mark;
}

function link(text: string, address: string): string {
  return address === "" || address === text ? text : `[${text}](${address})`;
}

const paragraphs = new Set("p div section article header footer main aside nav figure dl dd dt".split(" "));
/** Elements that only group or style what they contain. */
const transparent = new Set("span small sub sup u mark abbr cite q time label kbd samp var figcaption ins".split(" "));
const otherHtml = new Set("a img br pre ul ol li blockquote hr table thead tbody tfoot tr th td caption".split(" "));

function isHtml(tag: string): boolean {
  return tag in marks || paragraphs.has(tag) || transparent.has(tag) || otherHtml.has(tag) || /^h[1-6]$/.test(tag);
}

/** The text of a block element; undefined for an inline element. */
function blockOf(element: HostElement, betweenWords: boolean): Block | undefined {
  const { tag, children } = element;
  const heading = /^h([1-6])$/.exec(tag)?.[1];
  if (heading !== undefined) return apart(`${"#".repeat(Number(heading))} ${flow(children).trim()}`);
  if (paragraphs.has(tag)) return apart(flow(children).trim());
  switch (tag) {
    case "ul":
    case "ol":
      return apart(list(elementsIn(element), tag === "ol", Number(attribute(element, "start") || 1)));
    case "pre":
      return apart(codeBlock(element));
    case "blockquote":
      return apart(flow(children).trim().replace(/^/gm, "> "));
    case "hr":
      return apart("---");
    case "table":
      return apart(table(element));
  }
  return isHtml(tag) ? undefined : xmlBlock(element, betweenWords);
}

const apart = (text: string): Block => ({ text, gap: "\n\n" });

/** An element that is not HTML, in lines of its own when it has several; undefined when it is part of a sentence. */
function xmlBlock(element: HostElement, betweenWords: boolean): Block | undefined {
  const content = flow(element.children);
  const hasLines = content.trim().includes("\n");
  if (betweenWords && !hasLines) return undefined;
  return { text: xml(element, hasLines ? `\n${content.trim()}\n` : content), gap: "\n" };
}

function xml(element: HostElement, content: string): string {
  const attributes = Object.entries(element.shown).map(([name, value]) =>
    value === true ? ` ${name}` : ` ${name}="${String(value).replaceAll('"', "&quot;")}"`,
  );
  const start = `<${element.tag}${attributes.join("")}`;
  return content === "" ? `${start} />` : `${start}>${content}</${element.tag}>`;
}

function list(items: readonly HostElement[], numbered: boolean, start: number): string {
  return items
    .map((item, index) => {
      const bullet = numbered ? `${start + index}. ` : "- ";
      return (
        bullet +
        flow(item.children)
          .trim()
          .replaceAll("\n", `\n${" ".repeat(bullet.length)}`)
      );
    })
    .join("\n");
}

/** A fence, longer than any in the code, with the language of a `class="language-…"` as MDX writes it. */
function codeBlock(pre: HostElement): string {
  const text = plain(pre.children).replace(/\n$/, "");
  const language = [pre, ...elementsIn(pre)]
    .map((element) => /\blanguage-(\S+)/.exec(attribute(element, "className") || attribute(element, "class"))?.[1])
    .find((found) => found !== undefined);
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language ?? ""}\n${text}\n${fence}`;
}

/** A Markdown table; its first row is the head. */
function table(element: HostElement): string {
  const rows = rowsIn(element).map((row) => elementsIn(row).map(cell));
  const columns = Math.max(0, ...rows.map((cells) => cells.length));
  if (columns === 0) return flow(element.children).trim();
  const line = (cells: readonly string[]) =>
    `| ${Array.from({ length: columns }, (_, index) => cells[index] ?? "").join(" | ")} |`;
  const [head, ...body] = rows;
  return [line(head!), line(Array(columns).fill("---")), ...body.map(line)].join("\n");
}

function rowsIn(element: HostElement): HostElement[] {
  return elementsIn(element).flatMap((child) => (child.tag === "tr" ? [child] : rowsIn(child)));
}

function cell({ children }: HostElement): string {
  return flow(children)
    .trim()
    .replaceAll("|", "\\|")
    .replace(/\s*\n\s*/g, " ");
}

function elementsIn({ children }: HostElement): HostElement[] {
  return children.filter((child) => child.kind === "element");
}

function attribute({ shown }: HostElement, name: string): string {
  const value = shown[name];
  return value === undefined ? "" : String(value);
}

function plain(nodes: readonly HostNode[]): string {
  return nodes.map((node) => (node.kind === "text" ? node.text : plain(node.children))).join("");
}
