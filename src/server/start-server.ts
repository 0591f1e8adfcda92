import type { Server } from "node:http";
import { Loader } from "../loader/index.ts";
import { Telemetry } from "../telemetry/index.ts";
import { waitAtMost } from "../timing/index.ts";
import { createApp } from "./app.ts";
import type { ServerContext } from "./context.ts";
import { drainMs, httpServerOf, urlOf } from "./http/http-server.ts";
import { onShutdownSignal } from "./http/shutdown.ts";
import { type ResolvedServerOptions, resolveServerOptions, type ServerOptions } from "./options.ts";
import { routes } from "./routes.ts";
import { RunDatabases } from "./run-databases.ts";

/**
 * Serves workflows over HTTP and executes their runs. The server listens when this returns or soon after
 * (`listening` event); a port that is taken comes as its `error` event. `server.close()` and the signals
 * SIGTERM and SIGINT end it gracefully; the callback of `close` is called once everything is stored.
 *
 * @throws INVALID_OPTIONS, or a `DB_*` code when the database cannot be used
 * @example
 * const server = startServer({ port: 7331, db: drizzle("./smithers.db"), rootDir: process.cwd() });
 */
export function startServer(options: ServerOptions = {}): Server {
  const resolved = resolveServerOptions(options);
  const loader = new Loader(resolved);
  const { logger } = resolved;
  const telemetry = new Telemetry(logger, resolved.shutdownGraceMs);
  const homes = openHomes(resolved, loader, telemetry);
  const context: ServerContext = {
    options: resolved,
    loader,
    homes,
    telemetry,
    stores: () => homes.all().map(({ store }) => store),
    streams: new AbortController(),
  };
  const server = httpServerOf(createApp(routes, context, { ...resolved, telemetry }), resolved);
  closeGracefully(server, context);
  server.listen(resolved.port, resolved.host, () => {
    const db = homes.main.store.filename || "in memory";
    logger.info({ url: urlOf(server), db, rootDir: resolved.rootDir }, "listening");
    homes.begin();
  });
  return server;
}

function openHomes(options: ResolvedServerOptions, loader: Loader, telemetry: Telemetry): RunDatabases {
  try {
    return new RunDatabases(options, loader, telemetry);
  } catch (error) {
    void telemetry.close(0);
    throw error;
  }
}

function closeGracefully(server: Server, context: ServerContext): void {
  const closeHttp = server.close.bind(server);
  const drained = new Promise((resolve) => server.once("close", resolve));
  let closing: Promise<void> | undefined;
  const { logger, shutdownGraceMs } = context.options;
  const stop = async () => {
    logger.info({ activeRuns: context.homes.activeRuns, graceMs: shutdownGraceMs }, "shutting down");
    await context.homes.stop(shutdownGraceMs);
    // The last events are stored and pushed by now; readers still need the stores for those that they lag behind.
    context.streams.abort();
    await context.loader.close();
    // Until here whoever asks is answered, with 503 where something was to be begun.
    closeHttp();
    server.closeIdleConnections();
    await Promise.all([
      waitAtMost(drainMs, drained),
      // Before the stores are closed: the gauges are read off them a last time.
      context.telemetry.close(Math.max(shutdownGraceMs, drainMs)),
    ]);
    server.closeAllConnections();
    await context.homes.close();
    logger.info({}, "closed");
  };
  const close = (callback?: (error?: Error) => void) => {
    stopListening();
    closing ??= stop();
    void closing.then(() => callback?.(), callback);
    return server;
  };
  const stopListening = onShutdownSignal(() => new Promise((resolve) => close(() => resolve())));
  server.on("error", () => {
    if (!server.listening) close();
  });
  server.close = close;
}
