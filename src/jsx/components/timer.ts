import type { ReactElement } from "react";
import { z } from "zod";
import { readField } from "../../errors/index.ts";
import { useFrame } from "../frame-context.ts";
import { describeOutput, type OutputSchema } from "../outputs.ts";
import { useMember } from "../parts.ts";
import { React } from "../react.ts";
import type { TimerSpec } from "../specs.ts";
import { timeOfText } from "../time-text.ts";
import { refuse, shown } from "./checks.ts";
import { type Duration, parseDurationMs } from "./duration.ts";
import { checkProps, propNames } from "./props.ts";
import { type WaitProps, waitFields, waitProps } from "./wait-props.ts";

let output: OutputSchema | undefined;

/** What a fired timer stores. */
const timerOutput = () => (output ??= describeOutput("_timer", z.object({ firedAtMs: z.number().int() })));

/** Exactly one of `duration` and `until`. */
export type TimerProps<D extends string | number = string | number> = WaitProps &
  (
    | {
        /** `500ms`, `30s`, `2h`, `7d`, `1h 30m`, or a number of milliseconds. The compiler checks a literal. */
        duration: string extends D ? D : D extends number ? D : Duration;
        until?: undefined;
      }
    | {
        /**
         * When the timer fires; a time in the past fires at once. A text has a time zone, `2027-01-31T09:00:00Z`; a
         * date alone, `2027-01-31`, is its midnight in UTC. A `Temporal.Instant` or `Temporal.ZonedDateTime` is one too.
         */
        until: Date | string | number | { readonly epochMilliseconds: number };
        duration?: undefined;
      }
  );

const timerProps = propNames<TimerProps>({ ...waitProps, duration: true, until: true });

/** Waits durably for a time. */
export function Timer<D extends string | number>(props: TimerProps<D>): ReactElement {
  checkProps("Timer", props, timerProps);
  useFrame("<Timer>");
  const fields = waitFields("Timer", props);
  const where = `<Timer id="${fields.id}">`;
  const isUnknown = props.duration === undefined && props.until === undefined && fields.skipIf;
  if ((props.duration === undefined) === (props.until === undefined) && !isUnknown) {
    refuse(where, "exactly one of duration and until is required; mount the timer once its value is known.");
  }
  const durationMs = props.duration === undefined ? undefined : parseDurationMs(props.duration);
  if (props.duration !== undefined && durationMs === undefined) {
    refuse(where, `${shown(props.duration)} is not a duration; use for example 500ms, 30s, 2h or 7d.`);
  }
  const untilMs = props.until === undefined ? undefined : timeOf(props.until);
  if (Number.isNaN(untilMs)) {
    refuse(
      where,
      `${shown(props.until)} is not a date, or has no time zone; use for example 2027-01-31T09:00:00Z or 2027-01-31T10:00:00+01:00.`,
    );
  }
  const spec: TimerSpec = { ...fields, kind: "timer", output: timerOutput(), durationMs, untilMs };
  useMember(spec);
  return React.createElement("smithers:timer", { spec, shown: { id: spec.id, durationMs, untilMs } });
}

/** NaN for what is not a time. */
function timeOf(until: unknown): number {
  if (typeof until === "string") return timeOfText(until)?.getTime() ?? Number.NaN;
  if (typeof until === "number" || until instanceof Date) return new Date(until).getTime();
  const ms = readField(until, "epochMilliseconds");
  return typeof ms === "number" ? ms : Number.NaN;
}
