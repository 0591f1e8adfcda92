import type { ReactElement, ReactNode } from "react";
import type { z } from "zod";
import { useFrame } from "../frame-context.ts";
import { useMember } from "../parts.ts";
import { withPromptProps } from "../prompt-props.ts";
import { React } from "../react.ts";
import type { ApprovalSpec } from "../specs.ts";
import { checkCount, checkMs, refuse } from "./checks.ts";
import { checkProps, propNames } from "./props.ts";
import { resultSchema } from "./result-schema.ts";
import type { OutputTarget } from "./task-props.ts";
import { type WaitProps, waitFields, waitProps } from "./wait-props.ts";

export interface HumanTaskProps<O> extends WaitProps {
  /** The output whose schema the answer must fit. */
  output: O;
  /** Schema of the answer, if it is another one than the output's; what it makes of the answer must fit the output's. */
  outputSchema?: z.ZodType;
  /** What the person is asked: text, or elements as in an agent's prompt. */
  prompt: ReactNode;
  /** How often the person is asked before the node fails. Default: 10. */
  maxAttempts?: number;
  /** Time limit for an answer that fits, in milliseconds; after it, the node fails with APPROVAL_TIMEOUT. */
  timeoutMs?: number;
  /** What follows and does not depend on this answer does not wait for it. */
  async?: boolean;
}

const humanTaskProps = propNames<HumanTaskProps<unknown>>({
  ...waitProps,
  output: true,
  outputSchema: true,
  prompt: true,
  maxAttempts: true,
  timeoutMs: true,
  async: true,
});

/** A task for a person, whose answer is a value of the output's schema. One that does not fit is asked for again. */
export function HumanTask<O extends OutputTarget>(props: HumanTaskProps<O>): ReactElement {
  checkProps("HumanTask", props, humanTaskProps);
  const { registry } = useFrame("<HumanTask>");
  const fields = waitFields("HumanTask", props);
  const where = `<HumanTask id="${fields.id}">`;
  const { prompt } = props;
  if (prompt === undefined || prompt === null || prompt === "") refuse(where, "prompt is required.");
  const output = registry.resolve(props.output, where);
  const result = resultSchema(props.outputSchema, output, registry, where);
  const maxAttempts = checkCount(where, "maxAttempts", props.maxAttempts, 1) ?? 10;
  if (!Number.isFinite(maxAttempts)) refuse(where, "maxAttempts must be a number.");
  const spec: ApprovalSpec = {
    ...fields,
    kind: "approval",
    output,
    mode: "answer",
    answer: { result, maxAttempts },
    request: { title: fields.label ?? fields.id, summary: null, metadata: fields.meta ?? null },
    options: undefined,
    onDeny: "fail",
    async: props.async ?? false,
    granted: false,
    timeoutMs: checkMs(where, "timeoutMs", props.timeoutMs),
  };
  useMember(spec);
  const shown = { id: spec.id, output: output.key, maxAttempts };
  return React.createElement("smithers:human-task", { spec, shown }, withPromptProps(prompt, result ?? output));
}
