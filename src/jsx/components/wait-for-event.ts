import type { ReactElement, ReactNode } from "react";
import type { z } from "zod";
import { isEventName } from "../../api/event-name.ts";
import { maxCorrelationIdLength } from "../../api/limits.ts";
import { textOf } from "../../errors/index.ts";
import { LoopContext, useFrame } from "../frame-context.ts";
import { idsOf, nodePlace } from "../loop-places.ts";
import { describeOutput, type OutputSchema } from "../outputs.ts";
import { useMember } from "../parts.ts";
import { React } from "../react.ts";
import type { EventSpec } from "../specs.ts";
import { outdatedOutput, readStoredNow } from "../stored-value.ts";
import { checkMs, checkOneOf, checkText, isDots, refuse } from "./checks.ts";
import { checkProps, propNames } from "./props.ts";
import type { OutputTarget } from "./task-props.ts";
import { type WaitProps, waitFields, waitProps } from "./wait-props.ts";

export interface WaitForEventProps<O> extends WaitProps {
  /** Name of the signal. */
  event: string;
  output: O;
  /** Schema that validates the payload first. Its result must then fit the output's schema. */
  outputSchema?: z.ZodType;
  /** Accepts only signals with this correlation id; without one, only signals that have none. */
  correlationId?: string;
  /** Time limit of the wait, in milliseconds. */
  timeoutMs?: number;
  /** What a timeout does to the node. Default: `fail`. */
  onTimeout?: "fail" | "skip" | "continue";
  /** What follows and does not depend on the signal does not wait for it. */
  async?: boolean;
}

const waitForEventProps = propNames<WaitForEventProps<unknown>>({
  ...waitProps,
  event: true,
  output: true,
  outputSchema: true,
  correlationId: true,
  timeoutMs: true,
  onTimeout: true,
  async: true,
});

/** Waits durably for a signal. */
export function WaitForEvent<O extends OutputTarget>(props: WaitForEventProps<O>): ReactElement {
  checkProps("WaitForEvent", props, waitForEventProps);
  const { registry } = useFrame("<WaitForEvent>");
  const where = `<WaitForEvent id="${textOf(props.id)}">`;
  const output = registry.resolve(props.output, where);
  const { outputSchema } = props;
  if (outputSchema !== undefined && typeof outputSchema?.safeParse !== "function") {
    refuse(where, "outputSchema must be a Zod schema.");
  }
  const isOther = outputSchema !== undefined && registry.find(outputSchema) !== output;
  return useEventElement("WaitForEvent", props, props.event, output, isOther ? outputSchema : undefined);
}

export interface SignalProps<S extends z.ZodType> extends WaitProps {
  /** Schema that validates and types the payload. */
  schema: S;
  /** Accepts only signals with this correlation id; without one, only signals that have none. */
  correlationId?: string;
  /** Time limit of the wait, in milliseconds. */
  timeoutMs?: number;
  /** What a timeout does to the node. Default: `fail`. */
  onTimeout?: "fail" | "skip" | "continue";
  /** What follows and does not depend on the signal does not wait for it. */
  async?: boolean;
  /** Mounted after the wait, once the signal has arrived. */
  children?: (data: z.output<S>) => ReactNode;
}

const signalProps = propNames<SignalProps<z.ZodType>>({
  ...waitProps,
  schema: true,
  correlationId: true,
  timeoutMs: true,
  onTimeout: true,
  async: true,
  children: true,
});

/** A typed {@link WaitForEvent} whose id is the signal's name. */
export function SignalComponent<S extends z.ZodType>(props: SignalProps<S>): ReactElement {
  checkProps("Signal", props, signalProps);
  const { registry, view, reads } = useFrame("<Signal>");
  const scope = React.useContext(LoopContext);
  if (typeof props.schema?.safeParse !== "function")
    refuse(`<Signal id="${textOf(props.id)}">`, "schema is required and must be a Zod schema.");
  // The prefix keeps its rows apart from those of an output with the signal's name.
  const output = registry.find(props.schema) ?? describeOutput(`signal:${props.id}`, props.schema);
  const wait = useEventElement("Signal", props, props.id, output, undefined);
  if (!props.children) return wait;
  reads().node(props.id);
  const { nodeId, iteration } = nodePlace(props.id, idsOf(scope), (key) => view.loopIteration(key));
  const received = view.find(nodeId, iteration);
  const data =
    received &&
    readStoredNow(output, { value: received.value, hash: received.schemaHash }, (issues) =>
      outdatedOutput(received, issues),
    );
  const body = data === undefined || data === null ? null : props.children(data as z.output<S>);
  return React.createElement("smithers:sequence", { spec: { type: "sequence" }, shown: {} }, wait, body);
}

function useEventElement(
  component: string,
  props: WaitProps & Pick<WaitForEventProps<unknown>, "correlationId" | "timeoutMs" | "onTimeout" | "async">,
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
  if (isDots(event)) refuse(where, `the event must not be "${event}", which no address can have in its path.`);
  const { onTimeout = "fail", correlationId = null } = props;
  if (correlationId === "") refuse(where, "correlationId is empty; omit it to wait for signals without one.");
  checkText(where, "correlationId", correlationId);
  // A signal could not have it.
  if (correlationId !== null && correlationId.length > maxCorrelationIdLength) {
    refuse(where, `correlationId is longer than ${maxCorrelationIdLength} characters.`);
  }
  if (correlationId !== null && /\p{Cs}/u.test(correlationId)) {
    refuse(where, "correlationId contains an unpaired surrogate, which is half of a character.");
  }
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
    async: props.async ?? false,
  };
  useMember(spec);
  const tag = component === "Signal" ? "smithers:signal" : "smithers:wait-for-event";
  return React.createElement(tag, { spec, shown: { id: spec.id, event, correlationId, output: output.key } });
}
