import { bareTag, elementsIn, type FrameElement } from "./frame.ts";

/** What a group of steps is called: in words of the component that the author wrote. */
export interface GroupWords {
  readonly title: string;
  readonly detail: string;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** The words for an element that holds steps. @param parent the element that it is in, without its namespace */
export function wordsOf({ tag, props, children }: FrameElement, parent: string | undefined): GroupWords {
  const kind = bareTag(tag);
  const id = text(props.id);
  switch (kind) {
    case "loop": {
      const iteration = Number(props.iteration ?? 0) + 1;
      return { title: `loop ${id}`, detail: `iteration ${iteration} of at most ${String(props.maxIterations)}` };
    }
    case "sequence":
      return { title: text(props.label) || kind, detail: "" };
    case "parallel":
      return {
        title: text(props.label) || kind,
        detail: props.maxConcurrency === undefined ? "" : `at most ${String(props.maxConcurrency)} at once`,
      };
    case "worktree": {
      const branch = text(props.branch);
      return { title: branch === "" ? kind : `worktree ${branch}`, detail: `in ${text(props.path)}` };
    }
    case "saga-step":
      return { title: `step ${text(props.label) || id}`, detail: "" };
    case "catch":
      if (parent === "saga") return { title: "compensations", detail: "undo the steps before, the last first" };
      return { title: kind, detail: "" };
    case "escalation-chain": {
      const levels = props.levels === 1 ? "1 level" : `${String(props.levels)} levels`;
      const asksPerson = children.some((child) => child.kind === "element" && isPerson(child));
      return { title: `escalation ${id}`, detail: asksPerson ? `${levels}, then a person` : levels };
    }
    case "subflow":
      return { title: `subflow ${id}`, detail: "inline" };
    case "continue-as-new":
      return { title: "continue as new", detail: "ends this run and starts the next one" };
    default:
      return { title: kind, detail: "" };
  }
}

const isPerson = ({ tag }: FrameElement) => ["human-task", "approval"].includes(bareTag(tag));

/** What a step is in the group that it stands in: the level of an escalation. */
export function placeIn(group: FrameElement | undefined, stepId: string): string {
  if (group === undefined || bareTag(group.tag) !== "escalation-chain") return "";
  const level = /-level-(\d+)$/.exec(stepId)?.[1];
  return level === undefined ? "" : `level ${Number(level) + 1}`;
}

/**
 * Elements that are there for the plan and not for a reader: what is in them is shown in their place. A sequence that
 * is all of a loop's body says nothing of its own, for the steps of a loop have an order anyway.
 */
export function isTransparent(element: FrameElement, parent: FrameElement | undefined): boolean {
  const kind = bareTag(element.tag);
  const around = parent === undefined ? "" : bareTag(parent.tag);
  if (kind === "workflow" || kind === "subflow-tree" || kind === "subflow-tolerated") return true;
  if (kind === "try") return around === "saga";
  if (kind !== "sequence" || text(element.props.label) !== "") return false;
  // A sequence with one step, as a Signal with its body before the signal has come, is that step.
  return elementsIn(element).length <= 1 || (around === "loop" && elementsIn(parent!).length === 1);
}
