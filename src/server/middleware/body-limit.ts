import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { SmithersError } from "../../errors/index.ts";

/**
 * Refuses larger bodies with PAYLOAD_TOO_LARGE. A body with a Content-Length is judged by
 * it, for HTTP lets no body be longer: counting the bytes costs more than reading them.
 */
export function limitBody(maxBytes: number): MiddlewareHandler {
  const refuse = (c: Context): never => {
    // The rest of the body is not read, so no other request may follow on this connection.
    c.header("Connection", "close");
    throw new SmithersError("PAYLOAD_TOO_LARGE", `The request body is larger than ${maxBytes} bytes.`);
  };
  const counted = bodyLimit({ maxSize: maxBytes, onError: refuse });
  return async (c, next) => {
    // No operation reads the body of a GET.
    if (c.req.method === "GET" || c.req.method === "HEAD") return next();
    const length = c.req.header("content-length");
    if (length === undefined || c.req.header("transfer-encoding") !== undefined) {
      const { raw } = c.req;
      const answer = await counted(c, next);
      // Counting exchanges the request for one that does not know its method, for which others ask afterwards.
      c.req.raw = raw;
      return answer;
    }
    if (Number.parseInt(length, 10) > maxBytes) refuse(c);
    return next();
  };
}
