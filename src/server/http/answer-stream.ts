import type { Context } from "hono";
import { NodeConnection } from "./node-connection.ts";
import { readableOf, type StreamSource } from "./stream-source.ts";

export const eventStreamType = "text/event-stream";
/** How long a browser waits before it reconnects, as the first line of a stream. */
export const retryLine = "retry: 1000\n\n";
/** How often an idle stream sends a comment, in ms. */
export const keepAliveMs = 10_000;
export const keepAliveLine = ": keep-alive\n\n";

/** Answers with server-sent events. */
export function answerStream(c: Context, open: () => StreamSource): Response {
  c.header("Content-Type", eventStreamType);
  c.header("X-Accel-Buffering", "no");
  keepOpen(c);
  // The stream of a HEAD request would never be read or left.
  if (c.req.method === "HEAD") return c.body(null);
  if (!(c.env instanceof NodeConnection)) return c.body(readableOf(open()));
  c.env.stream = open();
  return c.body(null);
}

/** Keeps an idle stream open on Bun's own server, which otherwise closes idle connections after ten seconds. */
function keepOpen(c: Context): void {
  const server = c.env as { timeout?: (request: globalThis.Request, seconds: number) => void } | undefined;
  if (typeof server?.timeout === "function") server.timeout(c.req.raw, 0);
}
