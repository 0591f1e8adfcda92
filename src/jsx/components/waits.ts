import type { ReactElement, ReactNode } from "react";
import { z } from "zod";
import { isEventName } from "../../api/index.ts";
import { LoopContext, useFrame } from "../frame-context.ts";
import { describeOutput, type OutputSchema } from "../outputs.ts";
import { React } from "../react.ts";
import type { ApprovalSpec, EventSpec, TimerSpec } from "../specs.ts";
import { checkDependencies, checkId, checkJson, checkMs, checkOneOf, checkText, refuse } from "./checks.ts";
import { parseDurationMs } from "./duration.ts";
import type { OutputTarget } from "./task.ts";

/**
 * What a decided approval stores. An output's schema may name any of these fields, also `selected` (mode
 * `select`), `ranked` (mode `rank`) and `notes`, another name of `note`.
 */
export const approvalDecisionSchema = z.object({
  approved: z.boolean(),
  note: z.string().nullable(),
  decidedBy: z.string().nullable(),
  decidedAt: z.string().nullable().describe("ISO 8601"),
});
export type ApprovalDecision = z.infer<typeof approvalDecisionSchema>;

/** For `mode="select"`: the key of the option that was chosen. */
export const approvalSelectionSchema = z.object({ selected: z.string(), notes: z.string().nullable() });
export type ApprovalSelection = z.infer<typeof approvalSelectionSchema>;

/** For `mode="rank"`: the keys of all options, the best first. */
export const approvalRankingSchema = z.object({ ranked: z.array(z.string()), notes: z.string().nullable() });
export type ApprovalRanking = z.infer<typeof approvalRankingSchema>;

interface WaitProps {
  id: string;
  dependsOn?: readonly string[];
  needs?: Readonly<Record<string, string>>;
  skipIf?: boolean;
  continueOnFail?: boolean;
  label?: string;
  meta?: Record<string, unknown>;
}

function waitFields(component: string, props: WaitProps) {
  const id = checkId(component, props.id);
  return {
    type: "task",
    id,
    label: checkText(`<${component} id="${id}">`, "label", props.label),
    dependsOn: checkDependencies(`<${component} id="${id}">`, props.dependsOn, props.needs),
    skipIf: props.skipIf ?? false,
    continueOnFail: props.continueOnFail ?? false,
    meta: checkJson(`<${component} id="${id}">`, "meta", props.meta),
  } as const;
}

export interface ApprovalOptionInput {
  /** What a decision names it by. */
  key: string;
  /** Shown to the person who decides. Defaults to the key. */
  label?: string;
  summary?: string;
}

export interface ApprovalProps<O> extends WaitProps {
  output: O;
  request: { title: string; summary?: string; metadata?: unknown };
  /** Defaults to `approve`. */
  mode?: "approve" | "select" | "rank";
  /** What may be selected or ranked. */
  options?: readonly (string | ApprovalOptionInput)[];
  /** Defaults to `fail`. */
  onDeny?: "fail" | "continue" | "skip";
  /** How long to wait for the decision; without one by then the node fails with APPROVAL_TIMEOUT. */
  timeoutMs?: number;
}

/** A durable wait for a person's decision. */
export function ApprovalComponent<O extends OutputTarget>(props: ApprovalProps<O>): ReactElement {
  const { registry } = useFrame("<Approval>");
  const fields = waitFields("Approval", props);
  const where = `<Approval id="${fields.id}">`;
  const { mode = "approve", onDeny = "fail", request } = props;
  if (typeof request?.title !== "string" || request.title === "") refuse(where, "request={{ title }} is required.");
  checkText(where, "request.summary", request.summary);
  checkOneOf(where, "mode", mode, ["approve", "select", "rank"]);
  checkJson(where, "request.metadata", request.metadata);
  checkOneOf(where, "onDeny", onDeny, ["fail", "continue", "skip"]);
  const options = props.options && plainOptions(props.options, where);
  if (mode !== "approve" && !options?.length) refuse(where, `mode="${mode}" requires options.`);
  const spec: ApprovalSpec = {
    ...fields,
    kind: "approval",
    output: registry.resolve(props.output, where),
    mode,
    request: { title: request.title, summary: request.summary ?? null, metadata: request.metadata ?? null },
    options,
    onDeny,
    timeoutMs: checkMs(where, "timeoutMs", props.timeoutMs),
  };
  const shown = { id: spec.id, output: spec.output.key, mode, title: request.title, onDeny };
  return React.createElement("smithers:approval", { spec, shown });
}

function plainOptions(given: readonly (string | ApprovalOptionInput)[], where: string): ApprovalSpec["options"] {
  const keys = new Set<string>();
  return given.map((one) => {
    const { key, label, summary } = typeof one === "string" ? { key: one } : (one ?? {});
    if (typeof key !== "string" || key === "") refuse(where, "each option must be a string or an object with a key.");
    if (keys.has(key)) refuse(where, `two options have the key "${key}".`);
    keys.add(key);
    checkText(where, `the label of the option "${key}"`, label);
    checkText(where, `the summary of the option "${key}"`, summary);
    return { key, label: label ?? key, summary: summary ?? null };
  });
}

export interface WaitForEventProps<O> extends WaitProps {
  /** The signal's name. */
  event: string;
  output: O;
  /** What the payload must fit first; what it makes of it must then fit the output's schema. */
  outputSchema?: z.ZodType;
  /** Takes only signals with this id; without one, only signals that have none. */
  correlationId?: string;
  /** How long to wait. */
  timeoutMs?: number;
  /** Defaults to `fail`. */
  onTimeout?: "fail" | "skip" | "continue";
}

/** A durable wait for an event from outside. */
export function WaitForEvent<O extends OutputTarget>(props: WaitForEventProps<O>): ReactElement {
  const { registry } = useFrame("<WaitForEvent>");
  const where = `<WaitForEvent id="${String(props.id)}">`;
  const output = registry.resolve(props.output, where);
  const { outputSchema } = props;
  if (outputSchema !== undefined && typeof outputSchema?.safeParse !== "function") {
    refuse(where, "outputSchema must be a Zod schema.");
  }
  const isOther = outputSchema !== undefined && registry.find(outputSchema) !== output;
  return eventElement("WaitForEvent", props, props.event, output, isOther ? outputSchema : undefined);
}

export interface SignalProps<S extends z.ZodType> extends WaitProps {
  /** What the payload must fit, and is typed by. */
  schema: S;
  /** Takes only signals with this id; without one, only signals that have none. */
  correlationId?: string;
  /** How long to wait. */
  timeoutMs?: number;
  /** Defaults to `fail`. */
  onTimeout?: "fail" | "skip" | "continue";
  /** Mounted, after the wait, once the signal has come. */
  children?: (data: z.output<S>) => ReactNode;
}

/** A typed {@link WaitForEvent}: the id is the signal's name. */
export function SignalComponent<S extends z.ZodType>(props: SignalProps<S>): ReactElement {
  const { registry, view, reads } = useFrame("<Signal>");
  const loopId = React.useContext(LoopContext);
  if (typeof props.schema?.safeParse !== "function")
    refuse(`<Signal id="${String(props.id)}">`, "schema is required and must be a Zod schema.");
  // The prefix keeps its rows out of those of an output that has the signal's name.
  const output = registry.find(props.schema) ?? describeOutput(`signal:${props.id}`, props.schema);
  const wait = eventElement("Signal", props, props.id, output, undefined);
  if (!props.children) return wait;
  reads.outputsOf.add(props.id);
  const received = view.find(props.id, loopId === null ? 0 : view.loopIteration(loopId));
  const body = received && received.value !== null ? props.children(received.value as z.output<S>) : null;
  return React.createElement("smithers:sequence", { spec: { type: "sequence" }, shown: {} }, wait, body);
}

function eventElement(
  component: string,
  props: WaitProps & Pick<WaitForEventProps<unknown>, "correlationId" | "timeoutMs" | "onTimeout">,
  event: string,
  output: OutputSchema,
  payloadSchema: z.ZodType | undefined,
): ReactElement {
  const fields = waitFields(component, props);
  const where = `<${component} id="${fields.id}">`;
  if (typeof event !== "string" || event === "") refuse(where, "event is required and must not be empty.");
  if (!isEventName(event)) {
    refuse(where, "the name of the event is longer than 256 characters or contains a control character.");
  }
  const { onTimeout = "fail", correlationId = null } = props;
  if (correlationId === "") refuse(where, "correlationId is empty; omit it to wait for signals without one.");
  checkText(where, "correlationId", correlationId);
  checkOneOf(where, "onTimeout", onTimeout, ["fail", "skip", "continue"]);
  const timeoutMs = checkMs(where, "timeoutMs", props.timeoutMs);
  const spec: EventSpec = {
    ...fields,
    kind: "event",
    output,
    event,
    correlationId,
    payloadSchema,
    timeoutMs,
    onTimeout,
  };
  const tag = component === "Signal" ? "smithers:signal" : "smithers:wait-for-event";
  return React.createElement(tag, { spec, shown: { id: spec.id, event, correlationId, output: output.key } });
}

/** What a fired timer stores. */
export const timerFiredSchema = z.object({ firedAtMs: z.number().int() });
const timerOutput = describeOutput("_timer", timerFiredSchema);

export interface TimerProps extends WaitProps {
  /** `500ms`, `30s`, `2h`, `7d`, or milliseconds. Exactly one of `duration` and `until`. */
  duration?: string | number;
  /** A moment; one in the past fires at once. */
  until?: Date | string | number;
}

/** A durable wait for time to pass. */
export function Timer(props: TimerProps): ReactElement {
  useFrame("<Timer>");
  const fields = waitFields("Timer", props);
  const where = `<Timer id="${fields.id}">`;
  if ((props.duration === undefined) === (props.until === undefined)) {
    refuse(where, "exactly one of duration and until is required; mount the timer once its value is known.");
  }
  const durationMs = props.duration === undefined ? undefined : parseDurationMs(props.duration);
  if (props.duration !== undefined && durationMs === undefined) {
    refuse(where, `"${String(props.duration)}" is not a duration; use for example 500ms, 30s, 2h or 7d.`);
  }
  // Not new Date(null), which is a moment long ago.
  const untilMs = props.until === undefined ? undefined : new Date(props.until ?? Number.NaN).getTime();
  if (Number.isNaN(untilMs)) {
    refuse(where, `"${String(props.until)}" is not a date; use for example 2027-01-31T09:00:00Z.`);
  }
  const spec: TimerSpec = { ...fields, kind: "timer", output: timerOutput, durationMs, untilMs };
  return React.createElement("smithers:timer", { spec, shown: { id: spec.id, durationMs, untilMs } });
}
