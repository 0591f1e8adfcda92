import type { LoopScope } from "./loop-places.ts";
import type { Spec } from "./specs.ts";

/** What the renderer builds: a plain tree that knows nothing of what it means. */
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

/** The root that a tree hangs from. `version` grows with every change that a frame would show. */
export interface HostContainer {
  readonly children: HostNode[];
  version: number;
  /** Whether a Loop got its default id since this was last reset: what was rendered below it did not know it. */
  placed: boolean;
}

/** The props that components give to a host element. */
export interface HostProps {
  spec?: Spec;
  shown?: Record<string, unknown>;
  /** Of a Loop. */
  scope?: LoopScope;
  children?: unknown;
}
