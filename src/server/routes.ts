import type { ServerContext } from "./context.ts";
import { listApprovals } from "./operations/approvals.ts";
import { streamChanges } from "./operations/changes.ts";
import { approveNode, denyNode } from "./operations/decisions.ts";
import { streamEvents } from "./operations/events.ts";
import { health } from "./operations/health.ts";
import { readMetrics } from "./operations/metrics.ts";
import { onRun } from "./operations/on-run.ts";
import { openApi } from "./operations/openapi.ts";
import { retryFailedNode } from "./operations/retry.ts";
import { cancelRun, getNode, getRun, listFrames, listNodes } from "./operations/run.ts";
import { listRuns, resumeRun, startRun } from "./operations/runs.ts";
import { sendSignal } from "./operations/signals.ts";
import { listWorkflows } from "./operations/workflows.ts";
import { type Route, route } from "./route.ts";

/** The server's routes: the table behind routing, the Allow header, validation and the OpenAPI document. */
export const routes: readonly Route<ServerContext>[] = [
  route("GET", "/health", health),
  route("GET", "/metrics", readMetrics),
  route("POST", "/v1/runs", startRun),
  route("GET", "/v1/runs", listRuns),
  route("GET", "/v1/runs/:runId", onRun(getRun)),
  route("GET", "/v1/runs/:runId/nodes", onRun(listNodes)),
  route("GET", "/v1/runs/:runId/nodes/:nodeId", onRun(getNode)),
  route("POST", "/v1/runs/:runId/resume", resumeRun),
  route("POST", "/v1/runs/:runId/cancel", onRun(cancelRun)),
  route("GET", "/v1/runs/:runId/events", onRun(streamEvents)),
  route("GET", "/v1/runs/:runId/frames", onRun(listFrames)),
  route("POST", "/v1/runs/:runId/nodes/:nodeId/approve", onRun(approveNode)),
  route("POST", "/v1/runs/:runId/nodes/:nodeId/deny", onRun(denyNode)),
  route("POST", "/v1/runs/:runId/nodes/:nodeId/retry", onRun(retryFailedNode)),
  route("POST", "/v1/runs/:runId/signals/:signalName", onRun(sendSignal)),
  route("GET", "/v1/approvals", listApprovals),
  route("GET", "/v1/workflows", listWorkflows),
  route("GET", "/v1/changes", streamChanges),
  route(
    "GET",
    "/openapi.json",
    openApi(() => routes),
  ),

  route("GET", "/v1/approval/list", listApprovals),
  route("GET", "/approval/list", listApprovals),
  route("GET", "/approvals", listApprovals),
  route("POST", "/signal/:runId/:signalName", onRun(sendSignal)),
];
