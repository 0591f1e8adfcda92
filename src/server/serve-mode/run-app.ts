import type { Hono } from "hono";
import type { Engine, Logger } from "../../engine/index.ts";
import type { ContinuingCalls } from "../../model/index.ts";
import { RunDatabases, RunReader } from "../../runs/index.ts";
import type { Telemetry } from "../../telemetry/index.ts";
import { type AppOptions, createApp, unknownPath } from "../app.ts";
import { ChangeHub } from "../changes/hub.ts";
import { type PageContext, pageRoutes } from "./page-routes.ts";
import { runMetricsRoute, runRoutes } from "./run-routes.ts";

export interface RunAppOptions extends Pick<AppOptions, "insecure" | "allowedHosts" | "allowedOrigins"> {
  /** The engine, or a promise of it. Requests wait for it, and are answered with its error if it rejects. */
  readonly engine: Engine | Promise<Engine>;
  readonly runId: string;
  readonly authToken: string | undefined;
  readonly maxBodyBytes: number;
  /** Whether GET /metrics is answered. */
  readonly metrics: boolean;
  /** Whether the web page is served, with the routes that it needs. Only for an app at the root of its host. */
  readonly dashboard?: boolean;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** Aborts when the open event streams must end. */
  readonly closing: AbortSignal;
  /** Called once the run is cancelled over HTTP. */
  cancelled?(): void;
}

/** Creates an app for one run, over an engine of its database. */
export function createRunApp({ authToken, maxBodyBytes, metrics, dashboard, logger, ...run }: RunAppOptions): Hono {
  const routes = [...runRoutes, ...(metrics ? [runMetricsRoute] : []), ...(dashboard ? pageRoutes() : [])];
  const context = contextOf({ ...run, logger });
  // Requests handle the rejection; without requests, the caller of createRunApp does.
  context.catch(() => {});
  const app = createApp(routes, context, {
    authToken,
    maxBodyBytes,
    logger,
    insecure: run.insecure,
    allowedHosts: run.allowedHosts,
    allowedOrigins: run.allowedOrigins,
    telemetry: run.telemetry,
    dashboard,
    relativeLinks: true,
  });
  // When the app is mounted in another one, unknown paths below it must not reach that one.
  app.all("*", unknownPath);
  return app;
}

type ContextOptions = Pick<RunAppOptions, "engine" | "runId" | "telemetry" | "closing" | "cancelled" | "logger">;

async function contextOf(options: ContextOptions): Promise<PageContext> {
  const { engine: opening, logger: log, ...run } = options;
  const engine = await opening;
  const databases = new RunDatabases(engine, { open: async () => undefined });
  const reader = new RunReader(databases, {
    calls: (runId) => (runId === run.runId ? callsOf(runId) : undefined),
  });
  const changes = new ChangeHub({ databases: { engines: () => [engine] }, runId: run.runId, reader, log });
  return { ...run, databases, reader, changes, stores: () => [engine.store] };
}

function callsOf(runId: string): ContinuingCalls {
  return {
    decide: (nodeId) => `POST /approve/${encodeURIComponent(nodeId)} or POST /deny/${encodeURIComponent(nodeId)}`,
    signal: (event) => `POST /signal/${encodeURIComponent(event)}`,
    resume: `smithers resume ${runId}`,
  };
}
