import type { MiddlewareHandler } from "hono";
import type { Telemetry } from "../../telemetry/index.ts";
import { stopwatch } from "../../timing/index.ts";
import { routeTemplate } from "../route.ts";

/** Measures every request, and logs refused ones at the level debug. */
export function measure(telemetry: Telemetry): MiddlewareHandler {
  return async (c, next) => {
    const elapsedMs = stopwatch();
    await next();
    const durationMs = elapsedMs();
    const { method, path } = c.req;
    const route = routeTemplate(c);
    const request = { requestId: c.get("requestId"), route, method, status: c.res.status, durationMs };
    telemetry.requestAnswered(request, { path, code: c.get("errorCode") });
  };
}
