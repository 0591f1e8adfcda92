import type { ReactElement } from "react";
import type { z } from "zod";
import { useFrame } from "../frame-context.ts";
import type { Schemas } from "../outputs.ts";
import { useMember } from "../parts.ts";
import { React } from "../react.ts";
import type { SubflowSpec } from "../specs.ts";
import { isWorkflow, type Workflow } from "../workflow.ts";
import { checkDependencies, checkId, checkJson, checkMs, checkOneOf, checkText, refuse } from "./checks.ts";
import { InlineSubflow } from "./inline-subflow.ts";
import { checkProps, propNames } from "./props.ts";
import { type RetryPolicy, retrySpec } from "./retry.ts";

/** What a run of the workflow is started with. */
type InputOf<S extends Schemas> = string extends keyof S
  ? unknown
  : S extends { readonly input: infer I extends z.ZodType }
    ? z.input<I>
    : unknown;

export interface SubflowProps<O, S extends Schemas = Schemas> {
  id: string;
  /** The other workflow: the default export of its file. */
  workflow: Workflow<S>;
  /** Validated by that workflow's own `input` schema. */
  input?: InputOf<S>;
  /** The output whose schema validates the result. */
  output: O;
  /** `childRun` (the default): a run of its own. `inline`: its tree is part of this run. */
  mode?: "childRun" | "inline";
  /** Time limit of one attempt, in milliseconds; the run is cancelled then. */
  timeoutMs?: number;
  /** How often a failed run is continued from where it failed. Default: 0, because its tasks have retries of their own. */
  retries?: number;
  noRetry?: boolean;
  retryPolicy?: RetryPolicy;
  continueOnFail?: boolean;
  dependsOn?: readonly string[];
  needs?: Readonly<Record<string, string>>;
  skipIf?: boolean;
  label?: string;
  meta?: Record<string, unknown>;
}

const subflowProps = propNames<SubflowProps<unknown>>({
  id: true,
  workflow: true,
  input: true,
  output: true,
  mode: true,
  timeoutMs: true,
  retries: true,
  noRetry: true,
  retryPolicy: true,
  continueOnFail: true,
  dependsOn: true,
  needs: true,
  skipIf: true,
  label: true,
  meta: true,
});

/** What bounds a run of its own has no meaning for a tree that is part of another run. */
const limits = ["timeoutMs", "retries", "noRetry", "retryPolicy"] as const;

function refuseLimits(where: string, props: object): void {
  for (const name of limits) {
    if ((props as Record<string, unknown>)[name] === undefined) continue;
    refuse(where, `${name} has no effect with mode="inline"; give it to the tasks of the workflow.`);
  }
}

/** Runs another workflow; its result is this node's output. */
export function Subflow<O, S extends Schemas>(props: SubflowProps<O, S>): ReactElement {
  checkProps("Subflow", props, subflowProps);
  const frame = useFrame("<Subflow>");
  const id = checkId("Subflow", props.id);
  const where = `<Subflow id="${id}">`;
  if (!isWorkflow(props.workflow)) {
    refuse(where, "workflow must be what smithers(…) returned: the default export of another workflow file.");
  }
  const mode = checkOneOf(where, "mode", props.mode ?? "childRun", ["childRun", "inline"]);
  const fields = {
    type: "task",
    id,
    label: checkText(where, "label", props.label),
    output: frame.registry.resolve(props.output, where),
    dependsOn: checkDependencies(where, props.dependsOn, props.needs),
    skipIf: props.skipIf ?? false,
    continueOnFail: props.continueOnFail ?? false,
    meta: checkJson(where, "meta", props.meta),
    workflow: props.workflow,
    input: props.input,
  } as const;
  if (mode === "inline") {
    refuseLimits(where, props);
    return React.createElement(InlineSubflow, { spec: fields });
  }
  const spec: SubflowSpec = {
    ...fields,
    kind: "subflow",
    retry: retrySpec({ ...props, retries: props.retries ?? 0 }, where),
    timeoutMs: checkMs(where, "timeoutMs", props.timeoutMs),
  };
  return React.createElement(RunSubflow, { spec });
}

function RunSubflow({ spec }: { spec: SubflowSpec }): ReactElement {
  useMember(spec);
  const { id, label, output, skipIf, meta } = spec;
  const shown: Record<string, unknown> = { id, output: output.key };
  if (label !== null) shown.label = label;
  if (skipIf) shown.skipIf = true;
  if (meta) shown.meta = meta;
  return React.createElement("smithers:subflow", { spec, shown });
}
