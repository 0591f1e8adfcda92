import type { ReactElement, ReactNode } from "react";
import { FrameContext, LoopContext, useFrame, useScope } from "../frame-context.ts";
import { idsOf, type LoopScope, placesOf } from "../loop-places.ts";
import { React } from "../react.ts";
import { checkCount, checkId, checkOneOf, checkText, refuse, shown } from "./checks.ts";
import { leftOut } from "./left-out.ts";
import { checkProps, propNames } from "./props.ts";

export interface WorkflowProps {
  /** Name of the workflow in lists of runs. */
  name: string;
  /** Whether tasks reuse a stored result for the same input, unless they say otherwise. */
  cache?: boolean;
  /** Omits the children. */
  skipIf?: boolean;
  children?: ReactNode;
}

/** Longest name of a workflow, in characters: it stands in lists and logs. */
const maxNameLength = 512;

const workflowProps = propNames<WorkflowProps>({ name: true, cache: true, skipIf: true, children: true });

/** The root of every workflow; runs its children in order. */
export function WorkflowComponent(props: WorkflowProps): ReactElement {
  checkProps("Workflow", props, workflowProps);
  const { name, cache = false, skipIf = false, children } = props;
  const frame = useScope("<Workflow>");
  if (typeof name !== "string" || name.trim() === "") refuse("<Workflow>", "name is required and must not be empty.");
  if (name.length > maxNameLength) refuse("<Workflow>", `name is longer than ${maxNameLength} characters.`);
  const scope = React.useMemo(() => ({ ...frame, cache }), [frame, cache]);
  return React.createElement(
    FrameContext.Provider,
    { value: scope },
    React.createElement(
      "smithers:workflow",
      { spec: { type: "workflow", name, cache }, shown: { name } },
      skipIf ? leftOut(children) : children,
    ),
  );
}

export interface SequenceProps {
  /** Name of the group for people who look at a run; it has no effect. */
  label?: string;
  /** Omits the children. */
  skipIf?: boolean;
  children?: ReactNode;
}

const sequenceProps = propNames<SequenceProps>({ label: true, skipIf: true, children: true });

/** Runs its children one after the other. */
export function Sequence(props: SequenceProps): ReactElement | null {
  checkProps("Sequence", props, sequenceProps);
  const { label, skipIf = false, children } = props;
  checkText("<Sequence>", "label", label);
  if (skipIf) return leftOut(children);
  const shown = label === undefined ? {} : { label };
  return React.createElement("smithers:sequence", { spec: { type: "sequence" }, shown }, children);
}

export interface ParallelProps extends SequenceProps {
  /** Tells a reader what the group is for; it has no effect. */
  id?: string;
  /** Maximum number of concurrent attempts in this group. Default: no limit. */
  maxConcurrency?: number;
}

const parallelProps = propNames<ParallelProps>({
  id: true,
  label: true,
  skipIf: true,
  maxConcurrency: true,
  children: true,
});

/** Runs its children concurrently. */
export function Parallel(props: ParallelProps): ReactElement | null {
  checkProps("Parallel", props, parallelProps);
  const { id, label, skipIf = false, maxConcurrency, children } = props;
  checkText("<Parallel>", "id", id);
  checkText("<Parallel>", "label", label);
  checkCount("<Parallel>", "maxConcurrency", maxConcurrency, 1);
  if (skipIf) return leftOut(children);
  const shown = {
    ...(id !== undefined && { id }),
    ...(label !== undefined && { label }),
    ...(maxConcurrency !== undefined && { maxConcurrency }),
  };
  return React.createElement("smithers:parallel", { spec: { type: "parallel", maxConcurrency }, shown }, children);
}

/** A Parallel whose children run one at a time, unless `maxConcurrency` says otherwise. */
export function MergeQueue(props: ParallelProps): ReactElement | null {
  checkProps("MergeQueue", props, parallelProps);
  const { maxConcurrency = 1, ...rest } = props;
  checkCount("<MergeQueue>", "maxConcurrency", maxConcurrency, 1);
  return React.createElement(Parallel, { ...rest, maxConcurrency });
}

export interface BranchProps {
  if: boolean;
  then: ReactNode;
  else?: ReactNode;
  /** Omits both sides. */
  skipIf?: boolean;
}

// biome-ignore lint/suspicious/noThenProperty: it is the prop's name
const branchProps = propNames<BranchProps>({ if: true, then: true, else: true, skipIf: true });

/** Mounts one of its two sides. */
export function Branch(props: BranchProps): ReactElement | null {
  checkProps("Branch", props, branchProps);
  if (props.skipIf) return leftOut(props.then, props.else);
  const side = props.if ? "then" : "else";
  return React.createElement(React.Fragment, { key: side }, props.if ? props.then : (props.else ?? null));
}

export interface LoopProps {
  /** Name under which iterations are counted. Default: the Loop's position in the tree. */
  id?: string;
  /**
   * Checked when the body has settled; undefined and null count as false. `true` before the body starts, in any
   * iteration, omits it.
   */
  until: boolean | null | undefined;
  /** Default: 5. */
  maxIterations?: number;
  /** What happens after the body has run `maxIterations` times. Default: `return-last`. */
  onMaxReached?: "return-last" | "fail";
  /**
   * After each of so many iterations the run ends as `continued`, and the next run continues with the following iteration
   * and all outputs. Its events, frames and attempts begin afresh.
   */
  continueAsNewEvery?: number;
  /** Omits the body. */
  skipIf?: boolean;
  children?: ReactNode;
}

const loopProps = propNames<LoopProps>({
  id: true,
  until: true,
  maxIterations: true,
  onMaxReached: true,
  continueAsNewEvery: true,
  skipIf: true,
  children: true,
});

/** Repeats its body, in order, until `until` is true. Outputs are kept per iteration. Loops may be nested. */
export function Loop(props: LoopProps): ReactElement | null {
  checkProps("Loop", props, loopProps);
  const { until: given, maxIterations = 5, onMaxReached = "return-last", skipIf = false, children } = props;
  const { view, prefix } = useFrame("<Loop>");
  const id = props.id === undefined ? undefined : prefix + checkId("Loop", props.id);
  const where = id === undefined ? "<Loop>" : `<Loop id="${id}">`;
  const until = given ?? false;
  if (typeof until !== "boolean") refuse(where, `until must be true or false; it is ${shown(until)}.`);
  checkCount(where, "maxIterations", maxIterations, 1);
  const continueAsNewEvery = checkCount(where, "continueAsNewEvery", props.continueAsNewEvery, 1);
  checkOneOf(where, "onMaxReached", onMaxReached, ["return-last", "fail"]);
  const outer = React.useContext(LoopContext);
  const [scope] = React.useState<LoopScope>(() => ({ id, outer }));
  if (id !== undefined) scope.id = id;
  if (skipIf) return leftOut(children);
  const iteration = placesOf(idsOf(scope), (key) => view.loopIteration(key)).at(-1)?.iteration ?? 0;
  return React.createElement(
    LoopContext.Provider,
    { value: scope },
    React.createElement(
      "smithers:loop",
      {
        spec: { type: "loop", id: scope.id ?? "", until, maxIterations, onMaxReached, continueAsNewEvery },
        shown: { id: scope.id, until, maxIterations, iteration },
        scope,
      },
      children,
    ),
  );
}
