import type { ServerResponse } from "node:http";
import type { Http2Bindings, HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { jsonPieces, slicesOf } from "./json-pieces.ts";

/** The JSON of answers made by {@link jsonAnswer}: reading a text back out of a `Response` is slow. */
const written = new WeakMap<Response, readonly string[]>();

/** A longer answer, in characters, becomes bytes while it is sent, and only as fast as it is read. */
const longAnswer = 262_144;

/** Answers with `value` as JSON. */
export function jsonAnswer(c: Context, value: unknown, status?: ContentfulStatusCode): Response {
  const pieces = jsonPieces(value);
  const body = pieces.length > 1 && isLong(pieces) ? streamOf(pieces) : pieces.join("");
  const response = c.body(body, status, { "Content-Type": "application/json" });
  written.set(response, pieces);
  return response;
}

function isLong(pieces: readonly string[]): boolean {
  return pieces.reduce((sum, piece) => sum + piece.length, 0) > longAnswer;
}

/** The body of a long answer where Node's server does not write it. */
function streamOf(pieces: readonly string[]): ReadableStream<Uint8Array> {
  const slices = slicesOf(pieces);
  return new ReadableStream(
    {
      pull(controller) {
        const { value, done } = slices.next();
        if (done) controller.close();
        else controller.enqueue(value);
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
    // The server speaks only HTTP/1.
    const { outgoing } = env as HttpBindings;
    const head = (bytes: number) => ({ ...Object.fromEntries(headers), "content-length": bytes });
    if (pieces && isLong(pieces)) {
      outgoing.writeHead(status, head(pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0)));
      await writeSlices(outgoing, slicesOf(pieces));
    } else {
      const body = pieces ? Buffer.from(pieces.join("")) : Buffer.from(await response.arrayBuffer());
      outgoing.writeHead(status, head(body.byteLength));
      outgoing.end(body);
    }
    return RESPONSE_ALREADY_SENT;
  };
}

/** Writes the next slice when the connection has taken the one before. Ends early when the connection closes. */
async function writeSlices(outgoing: ServerResponse, slices: Iterable<Buffer>): Promise<void> {
  let goOn = () => {};
  let isClosed = false;
  outgoing.on("drain", () => goOn());
  outgoing.once("close", () => {
    isClosed = true;
    goOn();
  });
  for (const slice of slices) {
    if (outgoing.write(slice)) continue;
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    if (isClosed) return;
  }
  outgoing.end();
}
