import type { Store } from "../../store/index.ts";
import type { Telemetry } from "../../telemetry/index.ts";
import { health } from "../operations/health.ts";
import { readMetrics } from "../operations/metrics.ts";
import { type OneRun, onSingleRun } from "../operations/on-run.ts";
import { type Route, route } from "../route.ts";
import { routesOfARun } from "../routes-of-a-run.ts";

/** What the routes of an app for one run share. */
export interface RunContext extends OneRun {
  readonly telemetry: Telemetry;
  stores(): readonly Store[];
}

/** The routes of an app for one run: the server's routes, without the run's id. */
export const runRoutes: readonly Route<RunContext>[] = [
  route("GET", "/health", health),
  ...routesOfARun.flatMap(({ method, servedAt, operation }) =>
    servedAt === undefined ? [] : [route(method, servedAt, onSingleRun(operation))],
  ),
];

export const runMetricsRoute: Route<RunContext> = route("GET", "/metrics", readMetrics);
