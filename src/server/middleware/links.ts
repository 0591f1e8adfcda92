import type { MiddlewareHandler } from "hono";

/** Makes links to next pages relative. */
export const relativeLinks: MiddlewareHandler = async (c, next) => {
  c.set("relativeLinks", true);
  await next();
};
