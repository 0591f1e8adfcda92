import type { Context, ErrorHandler } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { errorCodes, isSmithersError, SmithersError } from "../../errors/index.ts";

/** Answers what a route threw. What is unexpected is logged under the request's id and not shown. */
export const answerError: ErrorHandler = (thrown, c) => {
  if (isSmithersError(thrown) && thrown.code !== "SERVER_ERROR") return envelope(c, thrown);
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
