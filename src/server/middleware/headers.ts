import type { MiddlewareHandler } from "hono";

/** Answers are about live runs and must be neither cached nor guessed at. */
export const safe = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" } as const;

export const safeHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  for (const [name, value] of Object.entries(safe)) c.res.headers.set(name, value);
};
