import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import type { Logger } from "../../engine/index.ts";
import { waitAtMost } from "../../timing/index.ts";
import { answerUnreadable, answerUnroutable } from "./unroutable.ts";

export interface HttpServerOptions {
  /** Milliseconds. */
  readonly headersTimeout: number;
  /** Milliseconds. */
  readonly requestTimeout: number;
  readonly logger: Logger;
}

/** Node's HTTP server in front of an app; it does not listen yet. */
export function httpServerOf(app: Hono, { headersTimeout, requestTimeout, logger }: HttpServerOptions): Server {
  const server = createServer(
    {
      headersTimeout,
      requestTimeout,
      keepAliveTimeout,
      connectionsCheckingInterval: checkEvery(headersTimeout, requestTimeout),
    },
    // The host counts for requests that name none, as HTTP/1.0 allows.
    getRequestListener(app.fetch, {
      hostname: "localhost",
      errorHandler: (thrown) => answerUnroutable(logger, thrown),
    }),
  );
  answerUnreadable(server);
  return server;
}

/** How long answers that are under way may take once there is nothing more to come. */
export const drainMs = 500;

/** Takes no more requests, and ends what is open: idle connections at once, others after {@link drainMs}. */
export async function drained(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  await waitAtMost(drainMs, closed);
  server.closeAllConnections();
}

/** Where a server that listens is found. */
export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

/**
 * How long an idle connection is kept: longer than proxies and clients keep theirs, so that it is they who end it
 * and no request meets a connection that is being closed.
 */
const keepAliveTimeout = 65_000;

/** How often Node looks for connections that are too slow: often enough for the shorter timeout to bite. */
function checkEvery(...timeoutsMs: number[]): number {
  const shortest = Math.min(...timeoutsMs.filter((ms) => ms > 0), 30_000);
  return Math.max(Math.round(shortest / 2), 50);
}
