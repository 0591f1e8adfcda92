import type { ReactElement } from "react";
import { LoopContext, renderInEveryFrame, useScope, WorktreeContext } from "../frame-context.ts";
import { useMember } from "../parts.ts";
import { React } from "../react.ts";
import { RenderedTask } from "./rendered-task.ts";
import type { AnyTaskProps, TaskComponent } from "./task-props.ts";

/** A step of a workflow: a value, a function or a prompt whose result is validated and stored once. */
export const Task: TaskComponent = (props: AnyTaskProps): ReactElement => useTask(props).element;

/** A Task of the author's tree, with the props that it has now: new ones need not be given through React. */
export class PlacedTask {
  props: AnyTaskProps;
  /** What it has rendered last. */
  rendered: RenderedTask | undefined;

  constructor(props: AnyTaskProps) {
    this.props = props;
  }

  /**
   * Takes over new props, unless the task must be rendered again with them.
   * @returns whether it has taken them over
   */
  update(props: AnyTaskProps): boolean {
    if (!this.rendered?.update(props)) return false;
    this.props = props;
    return true;
  }
}

interface PlacedProps {
  readonly task: PlacedTask;
  /** What `skipIf` around it looks for. */
  readonly id: string;
}

function PlacedTaskComponent({ task }: PlacedProps): ReactElement {
  const rendered = useTask(task.props);
  task.rendered = rendered;
  return rendered.element;
}

/** The element for a Task of the author's tree. */
export function placedElement(task: PlacedTask, key: string | null): ReactElement {
  const { id } = task.props;
  return React.createElement(PlacedTaskComponent, key === null ? { task, id } : { key, task, id });
}

function useTask(props: AnyTaskProps): RenderedTask {
  const scope = useScope("<Task>");
  // What its result is cached by may be a function of ctx.
  if (typeof props.cache === "object") renderInEveryFrame(scope);
  const rendered = React.useRef<RenderedTask | null>(null);
  const loop = React.use(LoopContext);
  const place = { scope, loop, worktree: React.use(WorktreeContext) ?? undefined };
  if (!rendered.current?.isAt(place) || !rendered.current.update(props)) {
    rendered.current = new RenderedTask(props, place);
  }
  useMember(rendered.current.spec);
  return rendered.current;
}
