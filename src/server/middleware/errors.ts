import type { Context, ErrorHandler } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Logger } from "../../engine/index.ts";
import { isErrorCode, isSmithersError, SmithersError } from "../../errors/index.ts";
import { jsonAnswer } from "../http/whole-answers.ts";

/** The status that proxies log for a client that disconnected; no client sees it. */
const clientClosedRequest = 499 as ContentfulStatusCode;

/** Answers errors that routes throw. Unexpected errors are logged with the request's id and not shown to the client. */
export function answerErrors(log: Logger): ErrorHandler {
  return (thrown, c) => {
    if (isSmithersError(thrown) && isErrorCode(thrown.code) && thrown.code !== "SERVER_ERROR")
      return envelope(c, thrown);
    // The client disconnected while its request was read: this is not a server error.
    if (c.req.raw.signal.aborted) return c.body(null, clientClosedRequest);
    const { method, path } = c.req;
    log.error({ requestId: c.get("requestId"), method, path, err: thrown }, "request failed");
    return envelope(c, new SmithersError("SERVER_ERROR", "The server failed to answer."));
  };
}

/** Answers with an error as `{ error: { code, message, details } }`. */
export function envelope(c: Context, error: SmithersError): Response {
  const status = error.status as ContentfulStatusCode;
  if (status === 503) c.header("Retry-After", "1");
  const { code, message, details } = error.toRecord();
  c.set("errorCode", code);
  return jsonAnswer(c, { error: { code, message, details: details ?? null } }, status);
}
