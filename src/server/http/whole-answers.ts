import type { Http2Bindings, HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { bytesOf, jsonPieces } from "./json-pieces.ts";

/** The JSON of answers made by {@link jsonAnswer}: reading a text back out of a `Response` is slow. */
const written = new WeakMap<Response, readonly string[]>();

/** A longer answer, in characters, becomes bytes only when it is sent. */
const longAnswer = 65_536;

/** Answers with `value` as JSON. */
export function jsonAnswer(c: Context, value: unknown, status?: ContentfulStatusCode): Response {
  const pieces = jsonPieces(value);
  const isLong = pieces.length > 1 && pieces.reduce((sum, piece) => sum + piece.length, 0) > longAnswer;
  const body = isLong ? streamOf(pieces) : pieces.join("");
  const response = c.body(body, status, { "Content-Type": "application/json" });
  written.set(response, pieces);
  return response;
}

/** The answer's body where Node's server does not write it. */
function streamOf(pieces: readonly string[]): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      pull(controller) {
        controller.enqueue(bytesOf(pieces));
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
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
    const pieces = written.get(response);
    const body = pieces === undefined ? Buffer.from(await response.arrayBuffer()) : bytesOf(pieces);
    // The server speaks only HTTP/1.
    const { outgoing } = env as HttpBindings;
    outgoing.writeHead(status, { ...Object.fromEntries(headers), "content-length": body.byteLength });
    outgoing.end(body);
    return RESPONSE_ALREADY_SENT;
  };
}
