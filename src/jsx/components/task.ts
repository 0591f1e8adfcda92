import type { ReactElement, ReactNode } from "react";
import { type FrameScope, LoopContext, useFrame, WorktreeContext } from "../frame-context.ts";
import type { OutputSchema } from "../outputs.ts";
import { useMember } from "../parts.ts";
import { withPromptProps } from "../prompt-props.ts";
import { React } from "../react.ts";
import type { ComputeSpec, TaskSpec, WorktreeSpec } from "../specs.ts";
import { checkProps } from "./props.ts";
import { type AnyTaskProps, type TaskComponent, taskProps } from "./task-props.ts";
import { taskSpec } from "./task-spec.ts";

/** A step of a workflow: a value, a function or a prompt whose result is validated and stored once. */
export const Task: TaskComponent = (props: AnyTaskProps): ReactElement => {
  const frame = useFrame("<Task>");
  const kept = React.useRef<RenderedTask | null>(null);
  const worktree = React.use(WorktreeContext) ?? undefined;
  if (!kept.current || kept.current.worktree !== worktree || !updateTask(kept.current, props, frame)) {
    kept.current = renderTask(props, frame, worktree);
  }
  useMember(kept.current.spec);
  return kept.current.element;
};

type Writable<T> = { -readonly [Field in keyof T]: T[Field] };

/** What a Task has rendered. */
interface RenderedTask {
  props: AnyTaskProps;
  readonly frame: FrameScope;
  readonly worktree: WorktreeSpec | undefined;
  readonly spec: TaskSpec;
  readonly element: ReactElement;
}

function renderTask(props: AnyTaskProps, frame: FrameScope, worktree: WorktreeSpec | undefined): RenderedTask {
  checkProps("Task", props, taskProps);
  const spec = taskSpec(props, frame, React.use(LoopContext), worktree);
  const shown = shownProps(spec);
  const prompt = spec.kind === "agent" && spec.prompt === undefined ? (props.children as ReactNode) : undefined;
  const element = React.createElement("smithers:task", { spec, shown }, withPromptProps(prompt, resultOf(spec)));
  return { props, frame, worktree, spec, element };
}

/**
 * Takes over new props if they differ from those before only in the function or in the value of the task. Such a task
 * costs next to nothing: a tree of thousands is rendered again at each step, and in each rendering the author's code
 * creates all functions again.
 * @returns false when the task must be rendered again
 */
function updateTask(task: RenderedTask, props: AnyTaskProps, { registry, cache }: FrameScope): boolean {
  const { children } = props;
  const spec: Writable<TaskSpec> = task.spec;
  if (registry !== task.frame.registry || cache !== task.frame.cache) return false;
  // What a result is cached by may be a function of ctx.
  if (typeof props.cache === "object" || !haveSameProps(task.props, props)) return false;
  if (spec.kind === "compute" && typeof children === "function") spec.run = children as ComputeSpec["run"];
  else if (spec.kind === "static" && isLiteral(children)) spec.value = children;
  else return false;
  task.props = props;
  return true;
}

/** Whether all props but the children are the same; arrays and objects of plain values count as equal by their items. */
function haveSameProps(before: AnyTaskProps, after: AnyTaskProps): boolean {
  for (const name in after) {
    if (name === "children") continue;
    const [was, is] = [before[name as keyof AnyTaskProps], after[name as keyof AnyTaskProps]];
    if (was !== is && !hasSameItems(was, is)) return false;
  }
  for (const name in before) if (!(name in after)) return false;
  return true;
}

function hasSameItems(before: unknown, after: unknown): boolean {
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) return false;
  if (Array.isArray(before) !== Array.isArray(after)) return false;
  const names = Object.keys(after);
  if (names.length !== Object.keys(before).length) return false;
  return names.every((name) => after[name as keyof typeof after] === before[name as keyof typeof before]);
}

function isLiteral(children: unknown): boolean {
  return children !== undefined && typeof children !== "function" && !React.isValidElement(children);
}

const resultOf = (spec: TaskSpec): OutputSchema => ("result" in spec && spec.result) || spec.output;

function shownProps(spec: TaskSpec): Record<string, unknown> {
  const shown: Record<string, unknown> = { id: spec.id, output: spec.output.key, kind: spec.kind };
  if (spec.label !== null) shown.label = spec.label;
  if (spec.dependsOn.length > 0) shown.dependsOn = spec.dependsOn;
  if (spec.skipIf) shown.skipIf = true;
  if (spec.meta) shown.meta = spec.meta;
  return shown;
}
