import type { Context, ErrorHandler } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { errorCodes, isSmithersError, SmithersError } from "../../errors/index.ts";

/** The status that proxies log for a client that left; no client sees it. */
const clientClosedRequest = 499 as ContentfulStatusCode;

/** Answers what a route threw. What is unexpected is logged under the request's id and not shown. */
export const answerError: ErrorHandler = (thrown, c) => {
  if (isSmithersError(thrown) && thrown.code !== "SERVER_ERROR") return envelope(c, thrown);
  // The client has gone while it was read: no error of the server's, and nobody to answer.
  if (c.req.raw.signal.aborted) return c.body(null, clientClosedRequest);
  console.error(`request ${c.get("requestId")}:`, thrown);
  return envelope(c, new SmithersError("SERVER_ERROR", "The server could not answer."));
};

/** The body of every error: `{ error: { code, message, details } }`. */
export function envelope(c: Context, error: SmithersError): Response {
  const status = errorCodes[error.code].status as ContentfulStatusCode;
  if (status === 503) c.header("Retry-After", "1");
  const { code, message, details } = error;
  return c.json({ error: { code, message, details: details ?? null } }, status);
}
