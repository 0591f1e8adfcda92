import type { Server } from "node:http";
import { Loader, startable, WorkflowCatalogue } from "../loader/index.ts";
import { RunReader } from "../runs/index.ts";
import { Telemetry } from "../telemetry/index.ts";
import { waitAtMost } from "../timing/index.ts";
import { createApp } from "./app.ts";
import { ChangeHub } from "./changes/hub.ts";
import type { ServerContext } from "./context.ts";
import { ServerDatabases } from "./databases.ts";
import { createHttpServer, drainMs, urlOf } from "./http/http-server.ts";
import { notListening } from "./http/not-listening.ts";
import { onShutdownSignal } from "./http/shutdown.ts";
import { resolveServerOptions, type ServerOptions } from "./options.ts";
import { routes } from "./routes.ts";

/**
 * Serves workflows over HTTP and executes their runs. Returns at once; the server then emits `listening`, and requests
 * wait until its database is open. It emits `error` when the port is taken or the database cannot be used (a `DB_*`
 * code). `server.close()` and the signals SIGTERM and SIGINT shut it down gracefully; the callback of `close` is called
 * once everything is stored.
 *
 * @throws INVALID_OPTIONS
 * @example
 * const server = startServer({ port: 7331, db: drizzle("./smithers.db"), rootDir: process.cwd() });
 */
export function startServer(options: ServerOptions = {}): Server {
  return serve(options).server;
}

/** A server, and a promise that it is ready to answer. */
export interface StartedServer {
  readonly server: Server;
  /** Resolves once the server listens and its database is open; rejects with the error of its `error` event. */
  readonly ready: Promise<void>;
}

/**
 * Starts a server; see {@link startServer}.
 * @throws INVALID_OPTIONS
 */
export function serve(options: ServerOptions): StartedServer {
  const resolved = resolveServerOptions(options);
  const mayStart = startable(resolved.workflows);
  const { logger } = resolved;
  const loader = new Loader({ rootDir: resolved.rootDir, startable: mayStart, logger });
  const telemetry = new Telemetry(logger, resolved.shutdownGraceMs);
  const opened = ServerDatabases.open(resolved, loader, telemetry);
  const streams = new AbortController();
  const context = opened.then((databases): ServerContext => {
    const reader = new RunReader(databases.runs, {
      staleMs: resolved.staleAfterMs,
      blocking: (runId) => databases.blocking(runId),
    });
    return {
      options: resolved,
      catalogue: new WorkflowCatalogue(resolved.rootDir, (path) => databases.load(path), mayStart),
      changes: new ChangeHub({ databases, reader, log: logger }),
      databases,
      reader,
      telemetry,
      stores: () => databases.engines().map(({ store }) => store),
      streams,
    };
  });
  // The server's `error` event reports a rejection, even when no request waits for it.
  context.catch(() => {});
  const server = createHttpServer(createApp(routes, context, { ...resolved, telemetry }), resolved);
  const close = closeGracefully(server, { options: resolved, loader, telemetry, streams, opened });
  const listening = new Promise<void>((resolve) => server.listen(resolved.port, resolved.host, resolve));
  const failed = new Promise<never>((_, reject) => {
    server.on("error", (error) => {
      reject(error);
      if (server.listening) return;
      // Ours is not the only listener when the caller handles the event.
      if (server.listenerCount("error") === 1) logger.error({ err: notListening(resolved, error) }, "cannot listen");
      close();
    });
  });
  const begin = async () => {
    const [databases] = await Promise.all([opened, listening]);
    const { name } = await databases.main.store.describe();
    // The server may have been closed meanwhile.
    if (!server.listening) return;
    logger.info({ url: urlOf(server), db: name, rootDir: resolved.rootDir }, "listening");
    databases.begin();
  };
  const ready = Promise.race([begin(), failed]);
  ready.catch(() => {});
  void opened.catch((error) => {
    close();
    // Node throws an error event without a listener. One listener is ours, above, so it does not count.
    if (server.listenerCount("error") === 1) throw error;
    server.emit("error", error);
  });
  return { server, ready };
}

interface Closable extends Pick<ServerContext, "options" | "telemetry" | "streams"> {
  readonly loader: Loader;
  readonly opened: Promise<ServerDatabases>;
}

/** Replaces `server.close` with a graceful one, and returns that. */
function closeGracefully(server: Server, { options, loader, telemetry, streams, opened }: Closable): Server["close"] {
  const closeHttp = server.close.bind(server);
  const drained = new Promise((resolve) => server.once("close", resolve));
  let closing: Promise<void> | undefined;
  const { logger, shutdownGraceMs } = options;
  const stop = async () => {
    // The `error` event has already reported a database that cannot be opened.
    const databases = await opened.catch(() => undefined);
    // A server whose port is taken has not begun.
    const hasBegun = server.listening;
    if (hasBegun) logger.info({ activeRuns: databases?.activeRuns ?? 0, graceMs: shutdownGraceMs }, "shutting down");
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
    if (hasBegun) logger.info({}, "closed");
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
