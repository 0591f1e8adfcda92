/** An element or a text of a frame. */
export type FrameNode = FrameElement | { readonly kind: "text"; readonly text: string };

export interface FrameElement {
  readonly kind: "element";
  readonly tag: string;
  readonly props: Readonly<Record<string, unknown>>;
  readonly children: readonly FrameNode[];
}

export interface IndexedTask {
  readonly nodeId: string;
  readonly iteration: number;
  readonly ordinal: number;
  readonly kind: string;
  readonly label: string | null;
}

export interface ParsedFrame {
  readonly root: FrameNode;
  readonly tasks: readonly IndexedTask[];
}

export function parseFrame({ xmlJson, taskIndexJson }: { xmlJson: string; taskIndexJson: string }): ParsedFrame {
  return { root: JSON.parse(xmlJson), tasks: JSON.parse(taskIndexJson) };
}

/** What the element is, without the prefix of the host tag: `task`, `parallel`. */
export const bareTag = (tag: string) => tag.replace(/^smithers:/, "");

export const elementsIn = (node: FrameNode): FrameElement[] =>
  node.kind === "text" ? [] : node.children.filter((child) => child.kind === "element");
