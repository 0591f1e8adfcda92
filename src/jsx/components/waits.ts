import type { ReactElement, ReactNode } from "react";
import { z } from "zod";
import { isEventName } from "../../model/index.ts";
import { LoopContext, useFrame } from "../frame-context.ts";
import { describeOutput, type OutputSchema } from "../outputs.ts";
import { React } from "../react.ts";
import type { ApprovalSpec, EventSpec, TimerSpec } from "../specs.ts";
import { checkId, checkJson, checkMs, checkOneOf, refuse } from "./checks.ts";
import { parseDurationMs } from "./duration.ts";
import type { OutputTarget } from "./task.ts";

/** What a decided approval stores. `selected` and `ranked` are there in the modes of these names. */
export const approvalDecisionSchema = z.object({
  approved: z.boolean(),
  note: z.string().nullable(),
  decidedBy: z.string().nullable(),
  decidedAt: z.string().nullable().describe("ISO 8601"),
});
export type ApprovalDecision = z.infer<typeof approvalDecisionSchema>;

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
    label: props.label ?? null,
    dependsOn: [...new Set([...(props.dependsOn ?? []), ...Object.values(props.needs ?? {})])],
    skipIf: props.skipIf ?? false,
    continueOnFail: props.continueOnFail ?? false,
    meta: checkJson(`<${component} id="${id}">`, "meta", props.meta),
  } as const;
}

export interface ApprovalOption {
  key: string;
  label?: string;
  summary?: string;
}

export interface ApprovalProps<O> extends WaitProps {
  output: O;
  request: { title: string; summary?: string; metadata?: unknown };
  /** Defaults to `approve`. */
  mode?: "approve" | "select" | "rank";
  /** What may be selected or ranked. */
  options?: readonly (string | ApprovalOption)[];
  /** Defaults to `fail`. */
  onDeny?: "fail" | "continue" | "skip";
  /** How long to wait for the decision. */
  timeoutMs?: number;
}

/** A durable wait for a person's decision. */
export function Approval<O extends OutputTarget>(props: ApprovalProps<O>): ReactElement {
  const { registry } = useFrame("<Approval>");
  const fields = waitFields("Approval", props);
  const where = `<Approval id="${fields.id}">`;
  const { mode = "approve", onDeny = "fail", request } = props;
  if (typeof request?.title !== "string" || request.title === "") refuse(where, "it needs request={{ title }}.");
  checkOneOf(where, "mode", mode, ["approve", "select", "rank"]);
  checkJson(where, "request.metadata", request.metadata);
  checkOneOf(where, "onDeny", onDeny, ["fail", "continue", "skip"]);
  const options = props.options?.map((option) => (typeof option === "string" ? option : option.key));
  if (mode !== "approve" && !options?.length) refuse(where, `mode="${mode}" needs options.`);
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

export interface WaitForEventProps<O> extends WaitProps {
  /** The signal's name. */
  event: string;
  output: O;
  /** What the payload must fit; defaults to the output's schema. */
  outputSchema?: z.ZodType;
  correlationId?: string;
  timeoutMs?: number;
  /** Defaults to `fail`. */
  onTimeout?: "fail" | "skip" | "continue";
}

/** A durable wait for an event from outside. */
export function WaitForEvent<O extends OutputTarget>(props: WaitForEventProps<O>): ReactElement {
  const { registry } = useFrame("<WaitForEvent>");
  const where = `<WaitForEvent id="${String(props.id)}">`;
  const output = registry.resolve(props.output, where);
  return eventElement("WaitForEvent", props, props.event, output, props.outputSchema ?? output.schema);
}

export interface SignalProps<S extends z.ZodType> extends WaitProps {
  /** What the payload must fit, and is typed by. */
  schema: S;
  correlationId?: string;
  timeoutMs?: number;
  /** Defaults to `fail`. */
  onTimeout?: "fail" | "skip" | "continue";
  /** Mounted, after the wait, once the signal has come. */
  children?: (data: z.output<S>) => ReactNode;
}

/** A typed {@link WaitForEvent}: the id is the signal's name. */
export function Signal<S extends z.ZodType>(props: SignalProps<S>): ReactElement {
  const { registry, view, reads } = useFrame("<Signal>");
  const loopId = React.useContext(LoopContext);
  const output = registry.find(props.schema) ?? describeOutput(String(props.id), props.schema);
  const wait = eventElement("Signal", props, props.id, output, props.schema);
  if (!props.children) return wait;
  reads.schemaKeys.add(output.key);
  const received = view.find(props.id, loopId === null ? 0 : view.loopIteration(loopId));
  const body = received && received.value !== null ? props.children(received.value as z.output<S>) : null;
  return React.createElement("smithers:sequence", { spec: { type: "sequence" }, shown: {} }, wait, body);
}

function eventElement(
  component: string,
  props: WaitProps & Pick<WaitForEventProps<unknown>, "correlationId" | "timeoutMs" | "onTimeout">,
  event: string,
  output: OutputSchema,
  payloadSchema: z.ZodType,
): ReactElement {
  const fields = waitFields(component, props);
  const where = `<${component} id="${fields.id}">`;
  if (typeof event !== "string" || event === "") refuse(where, "it needs the name of an event.");
  if (!isEventName(event))
    refuse(where, "the name of its event is longer than 256 characters, or holds a control one.");
  const { onTimeout = "fail", correlationId = null } = props;
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
    refuse(where, "it needs exactly one of duration and until.");
  }
  const durationMs = props.duration === undefined ? undefined : parseDurationMs(props.duration);
  if (props.duration !== undefined && durationMs === undefined) {
    refuse(where, `"${String(props.duration)}" is no duration; write for instance 500ms, 30s, 2h or 7d.`);
  }
  const untilMs = props.until === undefined ? undefined : new Date(props.until).getTime();
  if (Number.isNaN(untilMs))
    refuse(where, `"${String(props.until)}" is no date; write for instance 2027-01-31T09:00:00Z.`);
  const spec: TimerSpec = { ...fields, kind: "timer", output: timerOutput, durationMs, untilMs };
  return React.createElement("smithers:timer", { spec, shown: { id: spec.id, durationMs, untilMs } });
}
