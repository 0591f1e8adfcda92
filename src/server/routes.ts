import type { ServerContext } from "./context.ts";
import { listApprovals } from "./operations/approvals.ts";
import { streamChanges } from "./operations/changes.ts";
import { health } from "./operations/health.ts";
import { readMetrics } from "./operations/metrics.ts";
import { onRun } from "./operations/on-run.ts";
import { openApi } from "./operations/openapi.ts";
import { listRuns, startRun } from "./operations/runs.ts";
import { sendSignal } from "./operations/signals.ts";
import { listWorkflows } from "./operations/workflows.ts";
import { type Route, route } from "./route.ts";
import { belowRunPath } from "./routes-of-a-run.ts";

/** The server's routes: the table behind routing, the Allow header, validation and the OpenAPI document. */
export const routes: readonly Route<ServerContext>[] = [
  route("GET", "/health", health),
  route("GET", "/metrics", readMetrics),
  route("POST", "/v1/runs", startRun),
  route("GET", "/v1/runs", listRuns),
  ...belowRunPath(onRun),
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
