import type { MiddlewareHandler } from "hono";

/** Answers are about live runs and must be neither cached nor guessed at. */
export const safeHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  c.res.headers.set("Cache-Control", "no-store");
  c.res.headers.set("X-Content-Type-Options", "nosniff");
};
