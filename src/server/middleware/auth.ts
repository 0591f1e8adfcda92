import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { SmithersError } from "../../errors/index.ts";

/**
 * Refuses requests without the token. Compares hashes, so that timing reveals neither the token's content nor its
 * length.
 */
export function requireToken(token: string): MiddlewareHandler {
  const expected = digest(token);
  return async (c, next) => {
    // A proxy may send its own bearer token in addition to the key. Either header is enough, in either form.
    const sent = [c.req.header("authorization"), c.req.header("x-smithers-key")].filter((one) => one !== undefined);
    const given = sent.flatMap((one) => [one, one.replace(/^Bearer +/i, "")]);
    if (!given.some((one) => timingSafeEqual(digest(one), expected))) {
      c.header("WWW-Authenticate", "Bearer");
      throw new SmithersError("UNAUTHORIZED");
    }
    await next();
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
