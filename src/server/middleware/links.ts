import type { MiddlewareHandler } from "hono";

/** Sets whether links to next pages are relative. */
export function setLinkStyle(isRelative: boolean): MiddlewareHandler {
  return async (c, next) => {
    c.set("relativeLinks", isRelative);
    await next();
  };
}
