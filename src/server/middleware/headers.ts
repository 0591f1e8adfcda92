import type { MiddlewareHandler } from "hono";

/** Answers describe live runs: they must not be cached, and their type must not be guessed. */
export const safe = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" } as const;

export const safeHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  for (const [name, value] of Object.entries(safe)) c.res.headers.set(name, value);
};
