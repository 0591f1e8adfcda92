import type { ErrorRecord } from "../errors/index.ts";
import type { NodeState } from "../model/index.ts";
import type { RunView } from "./ctx.ts";
import { LoopContext, renderInEveryFrame, useFrame, useScope } from "./frame-context.ts";
import { idsOf, type LoopScope, nodePlace } from "./loop-places.ts";
import { React } from "./react.ts";

/** What a frame knows of a stored node. */
export interface StoredState {
  readonly state: NodeState;
  readonly error: ErrorRecord | null;
}

/**
 * What is mounted in one part of a TryCatchFinally or a Saga. It is gathered while the part renders, for the part that
 * renders after it: whether this one has failed is read from the stored states of its nodes.
 */
export interface Part {
  readonly members: Map<string, Member>;
}

type Member =
  | { readonly kind: "node"; readonly loops: LoopScope | null; readonly continueOnFail: boolean }
  | { readonly kind: "part"; readonly part: () => Part }
  | { readonly kind: "try"; readonly scope: TryScope };

/** The parts of a mounted TryCatchFinally or Saga, as far as they are rendered. */
export interface TryScope {
  body: Part;
  handler: Part;
  cleanup: Part;
  /** Whether a failure of the body ends with its handler. */
  handled: boolean;
}

export const newPart = (): Part => ({ members: new Map() });

export const PartContext = React.createContext<Part | null>(null);

/** Notes the calling component's node in the part around it. */
export function useMember({ id, continueOnFail }: { readonly id: string; readonly continueOnFail: boolean }): void {
  const part = React.use(PartContext);
  const scope = useScope("A node");
  const { prefix, root } = scope;
  if (prefix !== "") {
    // The result of an inline subflow may be that of any of its nodes: each frame reads all of them.
    renderInEveryFrame(scope);
    root.reads.node(prefix + id);
  }
  part?.members.set(`node ${prefix}${id}`, { kind: "node", loops: React.use(LoopContext), continueOnFail });
}

/** The view of the whole run for a component that reads which nodes have failed. */
export function useFailures(component: string): RunView {
  const { root } = useFrame(component);
  root.reads.failures = true;
  return root.view;
}

/** A failure, and the id of the node that has failed. */
export type Failure = ErrorRecord & { readonly nodeId: string };

/** The first failure in a part that nothing inside of it handles. */
export function failureOf(part: Part, view: RunView): Failure | undefined {
  for (const [key, member] of part.members) {
    const found = failureOfMember(key, member, view);
    if (found) return found;
  }
  return undefined;
}

function failureOfMember(key: string, member: Member, view: RunView): Failure | undefined {
  switch (member.kind) {
    case "part":
      return failureOf(member.part(), view);
    case "try": {
      const { body, handler, cleanup, handled } = member.scope;
      const failure = failureOf(body, view);
      const after = failure && failureOf(handler, view);
      return failureOf(cleanup, view) ?? after ?? (handled ? undefined : failure);
    }
    case "node": {
      const { nodeId, stored } = storedOf(key, member.loops, view);
      if (stored?.state !== "failed" || member.continueOnFail) return undefined;
      return { code: "TASK_FAILED", message: `"${nodeId}" failed.`, ...stored.error, nodeId };
    }
  }
}

/** Whether a node of the part has finished. */
export function hasFinished(part: Part, view: RunView): boolean {
  return [...part.members].some(([key, member]) => {
    if (member.kind === "part") return hasFinished(member.part(), view);
    if (member.kind === "try") return hasFinished(member.scope.body, view);
    return storedOf(key, member.loops, view).stored?.state === "finished";
  });
}

function storedOf(key: string, loops: LoopScope | null, view: RunView) {
  const place = nodePlace(key.slice("node ".length), idsOf(loops), (loopKey) => view.loopIteration(loopKey));
  return { nodeId: place.nodeId, stored: view.stateOf(place.nodeId, place.iteration) };
}
