import type { ReactElement, ReactNode } from "react";
import { FrameContext, LoopContext, useFrame } from "../frame-context.ts";
import { React } from "../react.ts";
import { checkCount, checkId, checkOneOf, refuse } from "./checks.ts";

export interface WorkflowProps {
  /** What the run is listed by. */
  name: string;
  /** Whether tasks take a stored result of the same input instead of running, unless they say otherwise. */
  cache?: boolean;
  children?: ReactNode;
}

/** The root of every workflow; runs its children in order. */
export function WorkflowComponent({ name, cache = false, children }: WorkflowProps): ReactElement {
  const frame = useFrame("<Workflow>");
  if (typeof name !== "string" || name.trim() === "") refuse("<Workflow>", "name is required and must not be empty.");
  const scope = React.useMemo(() => ({ ...frame, cache }), [frame, cache]);
  return React.createElement(
    FrameContext.Provider,
    { value: scope },
    React.createElement("smithers:workflow", { spec: { type: "workflow", name, cache }, shown: { name } }, children),
  );
}

export interface SequenceProps {
  /** Leaves the children out. */
  skipIf?: boolean;
  children?: ReactNode;
}

/** Runs its children one after the other. */
export function Sequence({ skipIf = false, children }: SequenceProps): ReactElement | null {
  if (skipIf) return null;
  return React.createElement("smithers:sequence", { spec: { type: "sequence" }, shown: {} }, children);
}

export interface ParallelProps extends SequenceProps {
  /** Attempts running at once in this group; no limit when absent. */
  maxConcurrency?: number;
}

/** Runs its children at the same time. */
export function Parallel({ skipIf = false, maxConcurrency, children }: ParallelProps): ReactElement | null {
  checkCount("<Parallel>", "maxConcurrency", maxConcurrency, 1);
  if (skipIf) return null;
  const shown = maxConcurrency === undefined ? {} : { maxConcurrency };
  return React.createElement("smithers:parallel", { spec: { type: "parallel", maxConcurrency }, shown }, children);
}

export interface BranchProps {
  if: boolean;
  then: ReactNode;
  else?: ReactNode;
}

/** Mounts one of its two sides. */
export function Branch(props: BranchProps): ReactElement {
  const side = props.if ? "then" : "else";
  return React.createElement(React.Fragment, { key: side }, props.if ? props.then : (props.else ?? null));
}

export interface LoopProps {
  /** Needed when the workflow has several loops. Defaults to `loop`. */
  id?: string;
  /** Looked at when the body has settled. Before the body starts, in any iteration, `true` leaves it out. */
  until: boolean;
  /** Defaults to 5. */
  maxIterations?: number;
  /** What becomes of the run when the body has run `maxIterations` times. Defaults to `return-last`. */
  onMaxReached?: "return-last" | "fail";
  children?: ReactNode;
}

/** Repeats its body, in order, until `until` is true. Outputs are kept per iteration. */
export function Loop(props: LoopProps): ReactElement {
  const { id = "loop", until, maxIterations = 5, onMaxReached = "return-last", children } = props;
  checkId("Loop", id);
  const where = `<Loop id="${id}">`;
  if (typeof until !== "boolean") {
    refuse(where, `until must be true or false in every frame; it is ${String(until)}. Write until={… ?? false}.`);
  }
  checkCount(where, "maxIterations", maxIterations, 1);
  checkOneOf(where, "onMaxReached", onMaxReached, ["return-last", "fail"]);
  const iteration = useFrame(where).view.loopIteration(id);
  return React.createElement(
    LoopContext.Provider,
    { value: id },
    React.createElement(
      "smithers:loop",
      {
        spec: { type: "loop", id, until, maxIterations, onMaxReached },
        shown: { id, until, maxIterations, iteration },
      },
      children,
    ),
  );
}
