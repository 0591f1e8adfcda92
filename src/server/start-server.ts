import type { Server } from "node:http";
import { Loader } from "../loader/index.ts";
import { RunReader } from "../runs/index.ts";
import { Telemetry } from "../telemetry/index.ts";
import { waitAtMost } from "../timing/index.ts";
import { createApp } from "./app.ts";
import type { ServerContext } from "./context.ts";
import { ServerDatabases } from "./databases.ts";
import { drainMs, httpServerOf, urlOf } from "./http/http-server.ts";
import { onShutdownSignal } from "./http/shutdown.ts";
import { resolveServerOptions, type ServerOptions } from "./options.ts";
import { routes } from "./routes.ts";

/**
 * Serves workflows over HTTP and executes their runs. The server listens when this returns or soon after
 * (`listening` event), and requests wait until its database is open. A port that is taken, and a database that cannot
 * be used (a `DB_*` code), come as its `error` event. `server.close()` and the signals SIGTERM and SIGINT end it
 * gracefully; the callback of `close` is called once everything is stored.
 *
 * @throws INVALID_OPTIONS
 * @example
 * const server = startServer({ port: 7331, db: drizzle("./smithers.db"), rootDir: process.cwd() });
 */
export function startServer(options: ServerOptions = {}): Server {
  return serve(options).server;
}

/** A server, and when it is ready to answer. */
export interface StartedServer {
  readonly server: Server;
  /** Resolves once it listens and its database is open; rejects with what its `error` event tells. */
  readonly ready: Promise<void>;
}

/**
 * Starts a server as {@link startServer} does.
 * @throws INVALID_OPTIONS
 */
export function serve(options: ServerOptions): StartedServer {
  const resolved = resolveServerOptions(options);
  const loader = new Loader(resolved);
  const { logger } = resolved;
  const telemetry = new Telemetry(logger, resolved.shutdownGraceMs);
  const opened = ServerDatabases.open(resolved, loader, telemetry);
  const streams = new AbortController();
  const context = opened.then(
    (databases): ServerContext => ({
      options: resolved,
      loader,
      databases,
      reader: new RunReader(databases.runs, { staleMs: resolved.staleAfterMs }),
      telemetry,
      stores: () => databases.engines().map(({ store }) => store),
      streams,
    }),
  );
  // Told by the server's error event, also when no request waits for it.
  context.catch(() => {});
  const server = httpServerOf(createApp(routes, context, { ...resolved, telemetry }), resolved);
  const close = closeGracefully(server, { options: resolved, loader, telemetry, streams, opened });
  const listening = new Promise<void>((resolve) => server.listen(resolved.port, resolved.host, resolve));
  const failed = new Promise<never>((_, reject) => {
    server.on("error", (error) => {
      reject(error);
      if (!server.listening) close();
    });
  });
  const begin = async () => {
    const [databases] = await Promise.all([opened, listening]);
    const { name } = await databases.main.store.describe();
    // It may have been closed meanwhile.
    if (!server.listening) return;
    logger.info({ url: urlOf(server), db: name, rootDir: resolved.rootDir }, "listening");
    databases.begin();
  };
  const ready = Promise.race([begin(), failed]);
  ready.catch(() => {});
  void opened.catch((error) => {
    close();
    // An error that nothing listens for is thrown, as Node throws it; the listener above is not the user's.
    if (server.listenerCount("error") === 1) throw error;
    server.emit("error", error);
  });
  return { server, ready };
}

interface Closable extends Pick<ServerContext, "options" | "loader" | "telemetry" | "streams"> {
  readonly opened: Promise<ServerDatabases>;
}

/** Replaces `server.close` by one that ends everything in order; returns it. */
function closeGracefully(server: Server, { options, loader, telemetry, streams, opened }: Closable): Server["close"] {
  const closeHttp = server.close.bind(server);
  const drained = new Promise((resolve) => server.once("close", resolve));
  let closing: Promise<void> | undefined;
  const { logger, shutdownGraceMs } = options;
  const stop = async () => {
    // A database that cannot be opened has been told as an error.
    const databases = await opened.catch(() => undefined);
    logger.info({ activeRuns: databases?.activeRuns ?? 0, graceMs: shutdownGraceMs }, "shutting down");
    await databases?.stop(shutdownGraceMs);
    // All events are stored and pushed now. Readers that lag behind need the stores until their streams end.
    streams.abort();
    await loader.close();
    // Until here requests were answered, those that start work with 503.
    closeHttp();
    server.closeIdleConnections();
    await Promise.all([
      waitAtMost(drainMs, drained),
      // Telemetry closes before the stores, because it reads the gauges one last time.
      telemetry.close(Math.max(shutdownGraceMs, drainMs)),
    ]);
    server.closeAllConnections();
    await databases?.close();
    logger.info({}, "closed");
  };
  const close = (callback?: (error?: Error) => void) => {
    stopListening();
    closing ??= stop();
    void closing.then(() => callback?.(), callback);
    return server;
  };
  const stopListening = onShutdownSignal(() => new Promise((resolve) => close(() => resolve())));
  server.close = close;
  return close;
}
