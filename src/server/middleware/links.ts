import type { MiddlewareHandler } from "hono";

/** Says whether links to next pages name the whole path. */
export function linking(isRelative: boolean): MiddlewareHandler {
  return async (c, next) => {
    c.set("relativeLinks", isRelative);
    await next();
  };
}
