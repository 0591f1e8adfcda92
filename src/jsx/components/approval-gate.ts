import type { ReactElement } from "react";
import { textOf } from "../../errors/index.ts";
import { useFrame } from "../frame-context.ts";
import { React } from "../react.ts";
import { ApprovalComponent, type ApprovalProps, executionProps } from "./approval.ts";
import { refuse, shown } from "./checks.ts";
import { checkProps, propNames } from "./props.ts";
import type { OutputTarget } from "./task-props.ts";
import { waitProps } from "./wait-props.ts";

export interface ApprovalGateProps<O, S = Record<string, unknown>>
  extends Omit<ApprovalProps<O, S, "approve">, "autoApprove" | "mode" | "options"> {
  /** Whether a person is asked. When it is false, the gate is approved at once. */
  when: boolean;
}

const gateProps = propNames<ApprovalGateProps<unknown>>({
  ...waitProps,
  output: true,
  request: true,
  onDeny: true,
  async: true,
  timeoutMs: true,
  when: true,
  ...executionProps,
});

const always = { condition: () => true };

/** An Approval that asks a person only under a condition. */
export function ApprovalGate<O extends OutputTarget>(props: ApprovalGateProps<O>): ReactElement {
  checkProps("ApprovalGate", props, gateProps);
  useFrame("<ApprovalGate>");
  const { when, ...rest } = props;
  if (typeof when !== "boolean") {
    refuse(`<ApprovalGate id="${textOf(props.id)}">`, `when must be true or false; it is ${shown(when)}.`);
  }
  const asked = when ? rest : { ...rest, autoApprove: always };
  return React.createElement(ApprovalComponent as (given: ApprovalProps<unknown>) => ReactElement, asked as never);
}
