import { approveNode, denyNode } from "./operations/decisions.ts";
import { streamEvents } from "./operations/events.ts";
import type { RunServices } from "./operations/on-run.ts";
import { resumeRun, retryFailedNode } from "./operations/resume.ts";
import { cancelRun, getNode, getRun, listFrames, listNodes } from "./operations/run.ts";
import { sendSignal } from "./operations/signals.ts";
import type { Route } from "./route.ts";

/** An operation on one run, and where it is found. */
export interface RunRoute extends Route<RunServices> {
  /** Path below the run's own, `/v1/runs/:runId`. */
  readonly path: string;
  /** Path in an app for one run (`createServeApp`); undefined when such an app leaves it out. */
  readonly servedAt?: string;
}

/** All operations on one run. */
export const routesOfARun: readonly RunRoute[] = [
  { method: "GET", path: "", servedAt: "/", operation: getRun },
  { method: "GET", path: "/nodes", operation: listNodes },
  { method: "GET", path: "/nodes/:nodeId", operation: getNode },
  { method: "POST", path: "/resume", operation: resumeRun },
  { method: "POST", path: "/cancel", servedAt: "/cancel", operation: cancelRun },
  { method: "GET", path: "/events", servedAt: "/events", operation: streamEvents },
  { method: "GET", path: "/frames", servedAt: "/frames", operation: listFrames },
  { method: "POST", path: "/nodes/:nodeId/approve", servedAt: "/approve/:nodeId", operation: approveNode },
  { method: "POST", path: "/nodes/:nodeId/deny", servedAt: "/deny/:nodeId", operation: denyNode },
  { method: "POST", path: "/nodes/:nodeId/retry", operation: retryFailedNode },
  { method: "POST", path: "/signals/:signalName", servedAt: "/signal/:signalName", operation: sendSignal },
];

/** All routes of a run with their whole paths. `apply` makes each operation act on the run that the path names. */
export function belowRunPath<Services>(
  apply: (operation: RunRoute["operation"]) => Route<Services>["operation"],
): Route<Services>[] {
  return routesOfARun.map(({ method, path, operation }) => ({
    method,
    path: `/v1/runs/:runId${path}`,
    operation: apply(operation),
  }));
}
