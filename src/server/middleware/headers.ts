import type { MiddlewareHandler } from "hono";

/** Answers describe live runs: they must not be cached, and their type must not be guessed. */
export const safe = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" } as const;

const safePairs = Object.entries(safe);

export const safeHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  const { headers } = c.res;
  for (const [name, value] of safePairs) headers.set(name, value);
};
