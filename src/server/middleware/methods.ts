import type { Hono, MiddlewareHandler } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { SmithersError } from "../../errors/index.ts";
import { envelope } from "./errors.ts";

/** Answers OPTIONS with the methods that a path supports, and an unsupported method with METHOD_NOT_ALLOWED. */
export function allowedMethods(app: Hono): MiddlewareHandler {
  return methodNotAllowed({
    app,
    onMethodNotAllowed(c, methods) {
      const Allow = [...methods, "OPTIONS"].sort().join(", ");
      if (c.req.method === "OPTIONS") return new Response(null, { status: 204, headers: { Allow } });
      c.header("Allow", Allow);
      return envelope(c, new SmithersError("METHOD_NOT_ALLOWED", `${c.req.path} does not support ${c.req.method}.`));
    },
  });
}
