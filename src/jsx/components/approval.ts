import type { ReactElement } from "react";
import { z } from "zod";
import { type Ctx, createCtx } from "../ctx.ts";
import { LoopContext, useFrame } from "../frame-context.ts";
import { useMember } from "../parts.ts";
import { React } from "../react.ts";
import type { ApprovalSpec } from "../specs.ts";
import { checkJson, checkMs, checkOneOf, checkText, refuse } from "./checks.ts";
import { checkHoldsDecision } from "./decision.ts";
import { checkFields, checkProps, propNames } from "./props.ts";
import type { RetryPolicy } from "./retry.ts";
import type { InputOf, OutputTarget } from "./task-props.ts";
import { type WaitProps, waitFields, waitProps } from "./wait-props.ts";

/**
 * What a decided approval stores. The schema of an approval's output may name any of these fields, and also `selected`
 * (mode `select`), `ranked` (mode `rank`) and `notes`, another name for `note`.
 */
export const approvalDecisionSchema = z.object({
  approved: z.boolean(),
  note: z.string().nullable(),
  decidedBy: z.string().nullable(),
  decidedAt: z.string().nullable().describe("ISO 8601"),
});
export type ApprovalDecision = z.infer<typeof approvalDecisionSchema>;

/** Output of `mode="select"`: the key of the chosen option. */
export const approvalSelectionSchema = z.object({ selected: z.string(), notes: z.string().nullable() });
export type ApprovalSelection = z.infer<typeof approvalSelectionSchema>;

/** Output of `mode="rank"`: the keys of all options, best first. */
export const approvalRankingSchema = z.object({ ranked: z.array(z.string()), notes: z.string().nullable() });
export type ApprovalRanking = z.infer<typeof approvalRankingSchema>;

export interface ApprovalOptionInput {
  /** The name of the option in a decision. */
  key: string;
  /** Text for the person who decides. Default: the key. */
  label?: string;
  summary?: string;
}

type ApprovalMode = "approve" | "select" | "rank";

/** What an approval stores. The keys of the options are not part of the type. */
type StoredDecision<M extends ApprovalMode> = {
  approved: boolean;
  note: string | null;
  notes: string | null;
  decidedBy: string | null;
  decidedAt: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: an enum of the options' keys holds it too
} & (M extends "select" ? { selected: any } : M extends "rank" ? { ranked: any } : unknown);

/** Accepts an output whose schema takes every decision. */
type HoldsDecision<S, O, M extends ApprovalMode> = [StoredDecision<M>] extends [InputOf<S, O>]
  ? unknown
  : "the schema of this output cannot hold a decision";

export interface ApprovalProps<O, S = Record<string, unknown>, M extends ApprovalMode = ApprovalMode>
  extends WaitProps {
  /** An output whose schema takes the decision: `approvalDecisionSchema`, or a schema with some of its fields. */
  output: O & HoldsDecision<S, O, M>;
  request: { title: string; summary?: string; metadata?: unknown };
  /** Default: `approve`. */
  mode?: M;
  /** The options to select from or to rank. */
  options?: readonly (string | ApprovalOptionInput)[];
  /** What a denial does to the node. Default: `fail`. */
  onDeny?: "fail" | "continue" | "skip";
  /** Time limit for the decision, in milliseconds; after it, the node fails with APPROVAL_TIMEOUT. */
  timeoutMs?: number;
  /** Approves without asking a person when `condition` is true; without a condition, always. Only mode `approve`. */
  autoApprove?: AutoApprove;
  /** What follows and does not depend on this decision does not wait for it. */
  async?: boolean;
  /** Accepted for the published package's workflows: a decision is not executed, so nothing of it is tried again. */
  retries?: number;
  retryPolicy?: RetryPolicy;
  heartbeatTimeoutMs?: number;
  heartbeatTimeout?: number;
}

/** The names of the props that an execution has, which a decision does not need. */
export const executionProps = {
  retries: true,
  retryPolicy: true,
  heartbeatTimeoutMs: true,
  heartbeatTimeout: true,
} as const;

export interface AutoApprove {
  condition?: (ctx: Ctx) => boolean;
  /** Accepted for the published package's workflows: the event log always records what was approved. */
  audit?: boolean;
}

const approvalProps = propNames<ApprovalProps<unknown>>({
  ...waitProps,
  output: true,
  request: true,
  mode: true,
  options: true,
  onDeny: true,
  timeoutMs: true,
  autoApprove: true,
  async: true,
  ...executionProps,
});

/** Waits durably for a person's decision. */
export function ApprovalComponent<O extends OutputTarget, M extends ApprovalMode = "approve">(
  props: ApprovalProps<O, Record<string, unknown>, M>,
): ReactElement {
  refuseUnheld(props);
  checkProps("Approval", props, approvalProps);
  const frame = useFrame("<Approval>");
  const scope = React.useContext(LoopContext);
  const { registry } = frame;
  const fields = waitFields("Approval", props);
  const where = `<Approval id="${fields.id}">`;
  const { onDeny = "fail", request } = props;
  const mode: ApprovalMode = props.mode ?? "approve";
  checkFields<Required<typeof request>>(where, "request", request, { title: true, summary: true, metadata: true });
  if (typeof request?.title !== "string" || request.title === "") refuse(where, "request={{ title }} is required.");
  checkText(where, "request.title", request.title);
  checkText(where, "request.summary", request.summary);
  checkOneOf(where, "mode", mode, ["approve", "select", "rank"]);
  checkJson(where, "request.metadata", request.metadata);
  checkOneOf(where, "onDeny", onDeny, ["fail", "continue", "skip"]);
  const options = props.options && plainOptions(props.options, where);
  // One that is skipped asks nothing: what it would ask may not be known yet.
  if (mode !== "approve" && !options?.length && !fields.skipIf) refuse(where, `mode="${mode}" requires options.`);
  const spec: ApprovalSpec = {
    ...fields,
    kind: "approval",
    output: registry.resolve(props.output, where),
    mode,
    request: { title: request.title, summary: request.summary ?? null, metadata: request.metadata ?? null },
    options,
    onDeny,
    async: props.async ?? false,
    granted: isGranted(where, mode, props.autoApprove, () => createCtx(frame.view, registry, frame.reads(), scope)),
    timeoutMs: checkMs(where, "timeoutMs", props.timeoutMs),
  };
  useMember(spec);
  if (!spec.skipIf) checkHoldsDecision(where, spec);
  const shown = { id: spec.id, output: spec.output.key, mode, title: request.title, onDeny };
  return React.createElement("smithers:approval", { spec, shown });
}

/** Refuses props of the published package that would let the wrong person decide if they were ignored. */
function refuseUnheld(props: object): void {
  for (const name of ["allowedUsers", "allowedScopes"]) {
    if ((props as Record<string, unknown>)[name] === undefined) continue;
    const { id } = props as { id?: unknown };
    refuse(
      `<Approval id="${String(id)}">`,
      `${name} cannot be held: this server's token is not tied to a user, so anybody with the token could decide. Remove the prop, and check decidedBy in the decision where a name is enough.`,
    );
  }
}

function isGranted(where: string, mode: ApprovalMode, given: AutoApprove | undefined, ctx: () => Ctx): boolean {
  if (given === undefined) return false;
  if (typeof given !== "object" || given === null) refuse(where, "autoApprove must be an object with a condition.");
  const unknown = Object.keys(given).find((name) => name !== "condition" && name !== "audit");
  if (unknown !== undefined) {
    refuse(where, `autoApprove.${unknown} is not supported; use autoApprove={{ condition: (ctx) => boolean }}.`);
  }
  if (mode !== "approve") refuse(where, `autoApprove cannot choose for mode="${mode}".`);
  const { condition } = given;
  if (condition === undefined) return true;
  if (typeof condition !== "function") refuse(where, "autoApprove.condition must be a function of ctx.");
  return condition(ctx()) === true;
}

function plainOptions(given: readonly (string | ApprovalOptionInput)[], where: string): ApprovalSpec["options"] {
  const keys = new Set<string>();
  return given.map((one) => {
    const { key, label, summary } = typeof one === "string" ? { key: one } : (one ?? {});
    checkFields<Required<ApprovalOptionInput>>(where, "an option", one, { key: true, label: true, summary: true });
    if (typeof key !== "string" || key === "") refuse(where, "each option must be a string or an object with a key.");
    if (keys.has(key)) refuse(where, `two options have the key "${key}".`);
    keys.add(key);
    checkText(where, `the label of the option "${key}"`, label);
    checkText(where, `the summary of the option "${key}"`, summary);
    return { key, label: label ?? key, summary: summary ?? null };
  });
}
