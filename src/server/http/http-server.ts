import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import type { Logger } from "../../engine/index.ts";
import { waitAtMost } from "../../timing/index.ts";
import { answerUnreadable, answerUnroutable } from "./unroutable.ts";
import { writingAnswers } from "./whole-answers.ts";

export interface HttpServerOptions {
  /** Time to receive a request's headers, in milliseconds. */
  readonly headersTimeout: number;
  /** Time to receive a whole request, in milliseconds. */
  readonly requestTimeout: number;
  readonly logger: Logger;
}

/** Creates Node's HTTP server for an app; it does not listen yet. */
export function createHttpServer(app: Hono, { headersTimeout, requestTimeout, logger }: HttpServerOptions): Server {
  const server = createServer(
    {
      headersTimeout,
      requestTimeout,
      keepAliveTimeout,
      connectionsCheckingInterval: checkEvery(headersTimeout, requestTimeout),
    },
    getRequestListener(writingAnswers(app, logger), {
      // Used for requests without a Host header, which HTTP/1.0 allows.
      hostname: "localhost",
      // The adapter would otherwise replace the process's global Request and Response.
      overrideGlobalObjects: false,
      errorHandler: (thrown) => answerUnroutable(logger, thrown),
    }),
  );
  answerUnreadable(server);
  return server;
}

/** How long answers in progress may take once the server closes. */
export const drainMs = 500;

/** Accepts no more requests and ends the connections: idle ones at once, the others after {@link drainMs}. */
export async function closeHttpServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  await waitAtMost(drainMs, closed);
  server.closeAllConnections();
}

/** The address of a listening server. */
export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

/**
 * How long an idle connection is kept. Longer than in proxies and clients, so that they close it first and no request
 * meets a closing connection.
 */
const keepAliveTimeout = 65_000;

/** How often Node looks for slow connections: often enough to enforce the shorter timeout. */
function checkEvery(...timeoutsMs: number[]): number {
  const shortest = Math.min(...timeoutsMs.filter((ms) => ms > 0), 30_000);
  return Math.max(Math.round(shortest / 2), 50);
}
