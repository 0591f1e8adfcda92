import type { Http2Bindings, HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** The texts of answers made by {@link jsonAnswer}: reading a text back out of a `Response` is slow. */
const texts = new WeakMap<Response, string>();

/** Answers with `value` as JSON. */
export function jsonAnswer(c: Context, value: unknown, status?: ContentfulStatusCode): Response {
  const text = JSON.stringify(value);
  const response = c.body(text, status, { "Content-Type": "application/json" });
  texts.set(response, text);
  return response;
}

/**
 * The app's `fetch` for Node's server. It writes answers that are not streams at once. The adapter would read each of
 * them through a stream: it is fast only with its own `Response`, with which it would have to replace the global one.
 */
export function writingWholeAnswers(app: Hono) {
  return async (request: Request, env: HttpBindings | Http2Bindings): Promise<Response> => {
    const response = await app.fetch(request, env);
    const { status, headers } = response;
    const hasBody = status !== 204 && status !== 304 && request.method !== "HEAD";
    if (!hasBody || headers.get("Content-Type")?.startsWith("text/event-stream")) return response;
    const text = texts.get(response);
    const body = text === undefined ? Buffer.from(await response.arrayBuffer()) : Buffer.from(text);
    // The server speaks only HTTP/1.
    const { outgoing } = env as HttpBindings;
    outgoing.writeHead(status, { ...Object.fromEntries(headers), "content-length": body.byteLength });
    outgoing.end(body);
    return RESPONSE_ALREADY_SENT;
  };
}
