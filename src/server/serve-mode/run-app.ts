import type { Hono } from "hono";
import type { Engine, Logger } from "../../engine/index.ts";
import type { ContinuingCalls } from "../../model/index.ts";
import { RunDatabases, RunReader } from "../../runs/index.ts";
import type { Telemetry } from "../../telemetry/index.ts";
import { type AppOptions, createApp, unknownPath } from "../app.ts";
import { runMetricsRoute, runRoutes } from "./run-routes.ts";

export interface RunAppOptions extends Pick<AppOptions, "insecure" | "allowedHosts" | "allowedOrigins"> {
  /** The engine, or a promise of it. Requests wait for it, and are answered with its error if it rejects. */
  readonly engine: Engine | Promise<Engine>;
  readonly runId: string;
  readonly authToken: string | undefined;
  readonly maxBodyBytes: number;
  /** Whether GET /metrics is answered. */
  readonly metrics: boolean;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** Aborts when the open event streams must end. */
  readonly closing: AbortSignal;
  cancelled(): void;
}

/** Creates an app for one run, over an engine of its database. */
export function createRunApp({ authToken, maxBodyBytes, metrics, logger, ...run }: RunAppOptions): Hono {
  const routes = metrics ? [...runRoutes, runMetricsRoute] : runRoutes;
  const context = contextOf(run);
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
    relativeLinks: true,
  });
  // When the app is mounted in another one, unknown paths below it must not reach that one.
  app.all("*", unknownPath);
  return app;
}

async function contextOf(options: Pick<RunAppOptions, "engine" | "runId" | "telemetry" | "closing" | "cancelled">) {
  const { engine: opening, ...run } = options;
  const engine = await opening;
  const databases = new RunDatabases(engine, { open: async () => undefined });
  const reader = new RunReader(databases, { calls: callsOf(run.runId) });
  return { ...run, databases, reader, stores: () => [engine.store] };
}

function callsOf(runId: string): ContinuingCalls {
  return {
    decide: (nodeId) => `POST /approve/${encodeURIComponent(nodeId)} or POST /deny/${encodeURIComponent(nodeId)}`,
    signal: (event) => `POST /signal/${encodeURIComponent(event)}`,
    resume: `smithers resume ${runId}`,
  };
}
