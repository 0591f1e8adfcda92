import type { ReactElement, ReactNode } from "react";
import type { FrameScope } from "../frame-context.ts";
import type { LoopScope } from "../loop-places.ts";
import type { OutputSchema } from "../outputs.ts";
import { withPromptProps } from "../prompt-props.ts";
import { React } from "../react.ts";
import type { ComputeSpec, TaskSpec, WorktreeSpec } from "../specs.ts";
import { checkProps } from "./props.ts";
import { type AnyTaskProps, taskProps } from "./task-props.ts";
import { taskSpec } from "./task-spec.ts";

type Writable<T> = { -readonly [Field in keyof T]: T[Field] };

/** What surrounds a task. */
interface TaskPlace {
  readonly scope: FrameScope;
  readonly loop: LoopScope | null;
  readonly worktree: WorktreeSpec | undefined;
}

/** What a Task has rendered. */
export class RenderedTask {
  readonly spec: TaskSpec;
  readonly element: ReactElement;
  readonly #place: TaskPlace;
  #props: AnyTaskProps;
  /** How many props there are. */
  #count: number;

  /** @throws INVALID_WORKFLOW */
  constructor(props: AnyTaskProps, place: TaskPlace) {
    checkProps("Task", props, taskProps);
    const spec = taskSpec(props, place.scope, place.loop, place.worktree);
    const prompt = spec.kind === "agent" && spec.prompt === undefined ? (props.children as ReactNode) : undefined;
    this.spec = spec;
    this.element = React.createElement(
      "smithers:task",
      { spec, shown: shownProps(spec) },
      withPromptProps(prompt, resultOf(spec)),
    );
    this.#place = place;
    this.#props = props;
    this.#count = countOf(props);
  }

  /**
   * Takes over new props if they differ from those before only in the function or in the value of the task. Such a task
   * costs next to nothing: a tree of thousands is rendered again at each step, and in each rendering the author's code
   * creates all functions again.
   * @returns false when the task must be rendered again
   */
  update(props: AnyTaskProps): boolean {
    // What a result is cached by may be a function of ctx.
    if (typeof props.cache === "object" || !this.#hasSame(props)) return false;
    const { children } = props;
    if (children !== this.#props.children && !this.#takeChildren(children)) return false;
    this.#props = props;
    return true;
  }

  /** Whether the task stands where it has stood before. */
  isAt({ scope, worktree }: TaskPlace): boolean {
    const { registry, cache } = this.#place.scope;
    return scope.registry === registry && scope.cache === cache && worktree === this.#place.worktree;
  }

  #takeChildren(children: unknown): boolean {
    const spec: Writable<TaskSpec> = this.spec;
    if (spec.kind === "compute" && typeof children === "function") spec.run = children as ComputeSpec["run"];
    else if (spec.kind === "static" && isLiteral(children)) spec.value = children;
    else return false;
    return true;
  }

  /** Whether all props but the children are the same; arrays and objects of plain values count as equal by their items. */
  #hasSame(after: AnyTaskProps): boolean {
    const before = this.#props;
    if (before === after) return true;
    let count = 0;
    for (const name in after) {
      count += 1;
      if (name === "children") continue;
      const is = after[name as keyof AnyTaskProps];
      const was = before[name as keyof AnyTaskProps];
      if (was === is ? is === undefined && !(name in before) : !hasSameItems(was, is)) return false;
    }
    return count === this.#count;
  }
}

function countOf(props: AnyTaskProps): number {
  let count = 0;
  for (const _ in props) count += 1;
  return count;
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
