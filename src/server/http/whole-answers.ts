import type { ServerResponse } from "node:http";
import type { Http2Bindings, HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Logger } from "../../engine/index.ts";
import { eventStreamType } from "./answer-stream.ts";
import { byteParts } from "./json-bytes.ts";
import { bytesOf, type JsonPiece, jsonPieces } from "./json-pieces.ts";
import { NodeConnection } from "./node-connection.ts";
import { writeStream } from "./write-stream.ts";

/** The JSON of answers made by {@link jsonAnswer}: reading a text back out of a `Response` is slow. */
const written = new WeakMap<Response, readonly JsonPiece[]>();

/** A longer answer, in characters, becomes bytes while it is sent, and only as fast as it is read. */
const longAnswer = 262_144;

/** Answers with `value` as JSON. */
export function jsonAnswer(c: Context, value: unknown, status?: ContentfulStatusCode): Response {
  const pieces = jsonPieces(value);
  const body = isLong(pieces) ? streamOf(pieces) : pieces.join("");
  const response = c.body(body, status, { "Content-Type": "application/json" });
  written.set(response, pieces);
  return response;
}

/** Whether an answer is sent in parts. */
function isLong(pieces: readonly JsonPiece[]): boolean {
  return pieces.some((piece) => typeof piece !== "string" || piece.length > longAnswer);
}

/** The body of a long answer where Node's server does not write it. */
function streamOf(pieces: readonly JsonPiece[]): ReadableStream<Uint8Array> {
  const left = new AbortController();
  const parts = byteParts(pieces, left.signal);
  return new ReadableStream(
    {
      async pull(controller) {
        const { value, done } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel(reason) {
        left.abort(reason);
        await parts.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * The app's `fetch` for Node's server. It writes the answers itself. The adapter would read each of them through a
 * stream, and wait before it sends what an open stream has: it is fast only with its own `Response`, with which it would
 * have to replace the global one.
 */
export function writingAnswers(app: Hono, log: Logger) {
  return async (request: Request, bindings: HttpBindings | Http2Bindings): Promise<Response> => {
    // The server speaks only HTTP/1.
    const connection = new NodeConnection(bindings as HttpBindings);
    const response = await app.fetch(request, connection);
    const { status, headers } = response;
    const hasBody = status !== 204 && status !== 304 && request.method !== "HEAD";
    if (!hasBody) return response;
    const { outgoing, stream } = connection;
    if (stream && headers.get("Content-Type") === eventStreamType) {
      outgoing.writeHead(status, Object.fromEntries(headers));
      await writeStream(outgoing, stream).catch((error: unknown) => {
        log.error({ err: error }, "A stream of events was cut off.");
        outgoing.destroy();
      });
      return RESPONSE_ALREADY_SENT;
    }
    const pieces = written.get(response);
    const writeHead = (bytes: number) =>
      outgoing.writeHead(status, { ...Object.fromEntries(headers), "content-length": bytes });
    if (pieces && isLong(pieces)) {
      await writeParts(outgoing, pieces, () => writeHead(bytesOf(pieces)));
    } else {
      const body = pieces ? Buffer.from(pieces.join("")) : Buffer.from(await response.arrayBuffer());
      writeHead(body.byteLength);
      outgoing.end(body);
    }
    return RESPONSE_ALREADY_SENT;
  };
}

/**
 * Writes the next part when the connection has taken the one before. Ends early when the connection closes.
 * @throws what keeps the first part from being made; later, the connection is closed
 */
async function writeParts(
  outgoing: ServerResponse,
  pieces: readonly JsonPiece[],
  writeHead: () => void,
): Promise<void> {
  const left = new AbortController();
  let goOn = () => {};
  outgoing.on("drain", () => goOn());
  outgoing.once("close", () => {
    left.abort();
    goOn();
  });
  try {
    for await (const part of byteParts(pieces, left.signal)) {
      if (!outgoing.headersSent) writeHead();
      if (left.signal.aborted) return;
      if (outgoing.write(part)) continue;
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
    }
    outgoing.end();
  } catch (error) {
    if (!outgoing.headersSent && !left.signal.aborted) throw error;
    outgoing.destroy();
  }
}
