import type { ReactElement, ReactNode } from "react";
import { failureOf, hasFinished, newPart, type Part, PartContext, useFailures } from "../parts.ts";
import { React } from "../react.ts";
import { checkId, checkOneOf, checkText, refuse } from "./checks.ts";
import { leftOut } from "./left-out.ts";
import { checkFields, checkProps, propNames } from "./props.ts";
import { PartElement, TryParts } from "./try-parts.ts";

export interface SagaStep {
  /** Tells the steps of one Saga apart. */
  id: string;
  action: ReactNode;
  /** Undoes the action. */
  compensation?: ReactNode;
  label?: string;
}

export interface SagaProps {
  /** Tells a reader what it is for; it has no effect. */
  id?: string;
  /** The steps, unless they are given as children. */
  steps?: readonly SagaStep[];
  /** `<Saga.Step>` elements, another way to give the steps. */
  children?: ReactNode;
  /**
   * What a failed action leads to. `compensate` (the default): the compensations of the steps that were done, the last
   * first, and the run continues. `compensate-and-fail`: the same, and then the run fails. `fail`: the run fails.
   */
  onFailure?: "compensate" | "compensate-and-fail" | "fail";
  /** Omits all steps. */
  skipIf?: boolean;
}

const sagaProps = propNames<SagaProps>({
  id: true,
  steps: true,
  children: true,
  onFailure: true,
  skipIf: true,
});

/** Runs actions in order. When one fails, those that were done before it are undone, the last first. */
export function Saga(props: SagaProps): ReactElement | null {
  checkProps("Saga", props, sagaProps);
  const { onFailure = "compensate", skipIf = false } = props;
  const steps = props.steps ?? stepsAmong(props.children);
  checkSteps(steps);
  checkOneOf("<Saga>", "onFailure", onFailure, ["compensate", "compensate-and-fail", "fail"]);
  const view = useFailures("<Saga>");
  const [parts] = React.useState(() => new Map<string, Part>());
  if (skipIf) return leftOut(steps.flatMap(({ action, compensation }) => [action, compensation]));
  return React.createElement(TryParts, {
    component: "Saga",
    tag: "smithers:saga",
    body: steps.map(({ id, label, action }) =>
      React.createElement(StepElement, { key: id, id, label: label ?? id, parts }, action),
    ),
    handle: () => {
      if (onFailure === "fail") return { handler: null, handled: false };
      const failed = steps.findIndex(({ id }) => failureOf(parts.get(id) ?? newPart(), view));
      const done = steps.slice(0, failed).filter(({ id }) => hasFinished(parts.get(id) ?? newPart(), view));
      const handler = done
        .reverse()
        .map(({ id, compensation }) => React.createElement(React.Fragment, { key: id }, compensation));
      return { handler, handled: onFailure === "compensate" };
    },
    cleanup: null,
  });
}

export interface SagaStepProps extends Omit<SagaStep, "action"> {
  /** The action. */
  children?: ReactNode;
}

/** A step of the Saga that it is a child of. */
Saga.Step = function Step(_props: SagaStepProps): ReactElement {
  refuse("<Saga.Step>", "it must be a direct child of a Saga.");
};

const stepProps = propNames<SagaStepProps>({ id: true, compensation: true, label: true, children: true });

/** The steps that the children of a Saga are. @throws INVALID_WORKFLOW */
function stepsAmong(children: ReactNode): SagaStep[] {
  return React.Children.toArray(children).map((child) => {
    if (!React.isValidElement<SagaStepProps>(child) || child.type !== Saga.Step) {
      refuse("<Saga>", "its children must be <Saga.Step> elements.");
    }
    checkProps("Saga.Step", child.props, stepProps);
    const { children: action, ...step } = child.props;
    return { ...step, action };
  });
}

interface StepProps {
  id: string;
  label: string;
  parts: Map<string, Part>;
  children?: ReactNode;
}

/** One action; its nodes count for the Saga's body too. */
function StepElement({ id, label, parts, children }: StepProps): ReactElement {
  const body = React.useContext(PartContext);
  body?.members.set(`part ${id}`, { kind: "part", part: () => parts.get(id) ?? newPart() });
  const note = (part: Part) => void parts.set(id, part);
  return React.createElement(PartElement, { tag: "smithers:saga-step", note, shown: { id, label } }, children);
}

function checkSteps(steps: unknown): asserts steps is readonly SagaStep[] {
  if (!Array.isArray(steps)) refuse("<Saga>", "steps must be an array of { id, action, compensation }.");
  const ids = new Set<string>();
  for (const step of steps as readonly SagaStep[]) {
    const id = checkId("Saga", step?.id);
    if (ids.has(id)) refuse("<Saga>", `two steps have the id "${id}".`);
    ids.add(id);
    const where = `<Saga>, step "${id}"`;
    const known = { id: true, action: true, compensation: true, label: true } as const;
    checkFields<Required<SagaStep>>(where, "the step", step, known);
    checkText(where, "label", step.label);
    if (step.action === undefined) refuse(where, "action is required.");
  }
}
