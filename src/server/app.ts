import { type Context, Hono } from "hono";
import { requestId } from "hono/request-id";
import type { Logger } from "../engine/index.ts";
import { SmithersError } from "../errors/index.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { serveDashboard } from "./dashboard.ts";
import { requireToken } from "./middleware/auth.ts";
import { limitBody } from "./middleware/body-limit.ts";
import { answerAllowedOrigins, browserGuard } from "./middleware/browser-guard.ts";
import { answerErrors, envelope } from "./middleware/errors.ts";
import { safeHeaders } from "./middleware/headers.ts";
import { relativeLinks } from "./middleware/links.ts";
import { measure } from "./middleware/measure.ts";
import { allowedMethods } from "./middleware/methods.ts";
import { validUrl, wellFormedPath } from "./middleware/paths.ts";
import { mount, type Route } from "./route.ts";

export interface AppOptions {
  /** Token that requests must send; undefined lets everyone call. */
  readonly authToken: string | undefined;
  readonly maxBodyBytes: number;
  /** Turns the browser guard off. */
  readonly insecure: boolean;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Whether the web page is served. */
  readonly dashboard?: boolean;
  readonly logger: Logger;
  readonly telemetry?: Telemetry;
  /** Whether links are relative to the request's path. An app mounted in another one does not see the whole path. */
  readonly relativeLinks?: boolean;
}

/** Answers 404 for an unknown path. */
export function unknownPath(c: Context): Response {
  return envelope(c, new SmithersError("NOT_FOUND", `There is nothing at ${c.req.path}.`));
}

/** Creates an app that answers these routes, behind the middleware that every request passes. */
export function createApp<Services>(
  routes: readonly Route<Services>[],
  services: Services | Promise<Services>,
  options: AppOptions,
): Hono {
  const { authToken, maxBodyBytes, logger, telemetry } = options;
  const app = new Hono();
  app.onError(answerErrors(logger));
  app.notFound(unknownPath);
  if (options.dashboard) serveDashboard(app);
  app.use(requestId(), safeHeaders);
  if (options.relativeLinks) app.use(relativeLinks);
  if (telemetry) app.use(measure(telemetry));
  if (options.allowedOrigins.length > 0) app.use(answerAllowedOrigins(options.allowedOrigins));
  const isOpen = ({ operation }: Route<Services>) => operation.isOpen;
  mount(app, routes.filter(isOpen), services);
  app.use(validUrl());
  if (!options.insecure) app.use(browserGuard({ ...options, hasToken: authToken !== undefined }));
  if (authToken !== undefined) app.use(requireToken(authToken));
  app.use(wellFormedPath, allowedMethods(app), limitBody(maxBodyBytes));
  mount(
    app,
    routes.filter((one) => !isOpen(one)),
    services,
  );
  return app;
}
