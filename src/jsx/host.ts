import type { LoopScope } from "./loop-places.ts";
import type { Spec } from "./specs.ts";

/** A node of the tree that the renderer builds: plain data, independent of React and of its meaning. */
export type HostNode = HostElement | HostText;

export interface HostElement {
  readonly kind: "element";
  readonly tag: string;
  spec: Spec | undefined;
  /** The props that a frame shows. */
  shown: Readonly<Record<string, unknown>>;
  readonly children: HostNode[];
}

export interface HostText {
  readonly kind: "text";
  text: string;
}

/** The root of a tree. */
export interface HostContainer {
  readonly children: HostNode[];
  /** Grows with every change that a frame would show. */
  version: number;
  /** Grows with every change that a plan may depend on. The function and the value of a task are not among them. */
  planVersion: number;
  /**
   * Whether a Loop got its default id since the last reset. What was rendered below the Loop before did not know the
   * id.
   */
  placed: boolean;
}

/** The props that components give to a host element. */
export interface HostProps {
  spec?: Spec;
  shown?: Record<string, unknown>;
  /** Only for a Loop. */
  scope?: LoopScope;
  children?: unknown;
  /** The attributes of a prompt's element. */
  [attribute: string]: unknown;
}
