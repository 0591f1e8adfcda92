import type { Store } from "../../store/index.ts";
import type { Telemetry } from "../../telemetry/index.ts";
import type { Operation } from "../operation.ts";
import { approveNode, denyNode } from "../operations/decisions.ts";
import { streamEvents } from "../operations/events.ts";
import { health } from "../operations/health.ts";
import { readMetrics } from "../operations/metrics.ts";
import { type OneRun, onSingleRun } from "../operations/on-run.ts";
import { cancelRun, getRun, listFrames } from "../operations/run.ts";
import { sendSignal } from "../operations/signals.ts";
import { type Route, route } from "../route.ts";

/** What the routes of one run share. */
export interface RunContext extends OneRun {
  readonly telemetry: Telemetry;
  stores(): readonly Store[];
  /** Called once the run is cancelled. */
  cancelled(): void;
}

const cancelSingleRun = onSingleRun(cancelRun);
export const cancelServedRun: Operation<RunContext> = {
  ...cancelSingleRun,
  async handle(request, context) {
    const answer = await cancelSingleRun.handle(request, context);
    context.cancelled();
    return answer;
  },
};

/** The routes of an app for one run: the server's routes, without the run's id. */
export const runRoutes: readonly Route<RunContext>[] = [
  route("GET", "/health", health),
  route("GET", "/", onSingleRun(getRun)),
  route("GET", "/events", onSingleRun(streamEvents)),
  route("GET", "/frames", onSingleRun(listFrames)),
  route("POST", "/approve/:nodeId", onSingleRun(approveNode)),
  route("POST", "/deny/:nodeId", onSingleRun(denyNode)),
  route("POST", "/signal/:signalName", onSingleRun(sendSignal)),
  route("POST", "/cancel", cancelServedRun),
];

export const runMetricsRoute: Route<RunContext> = route("GET", "/metrics", readMetrics);
