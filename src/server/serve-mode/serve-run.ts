import { once } from "node:events";
import type { Logger } from "../../engine/index.ts";
import { closeHttpServer, createHttpServer, urlOf } from "../http/http-server.ts";
import { notListening } from "../http/not-listening.ts";
import type { ResolvedServerOptions } from "../options.ts";
import { createRunApp, type RunAppOptions } from "./run-app.ts";

export interface ServeRunOptions extends Omit<RunAppOptions, keyof ResolvedServerOptions | "closing"> {
  readonly logger: Logger;
  /** Options from `resolveServerOptions`. */
  readonly serving: ResolvedServerOptions;
}

/** A run that is served over HTTP. */
export interface ServedRun {
  readonly url: string;
  /** Ends the event streams, waits a moment for answers in progress, and closes the connections. */
  close(): Promise<void>;
}

/**
 * Serves one run of an engine over HTTP, with the routes of `createServeApp`.
 * @throws ADDRESS_UNAVAILABLE when the server cannot listen on the port
 */
export async function serveRun({ serving, ...run }: ServeRunOptions): Promise<ServedRun> {
  const streams = new AbortController();
  const app = createRunApp({ ...run, ...serving, logger: run.logger, closing: streams.signal });
  const server = createHttpServer(app, { ...serving, logger: run.logger });
  server.listen(serving.port, serving.host);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw notListening(serving, cause as NodeJS.ErrnoException);
  }
  return {
    url: urlOf(server),
    async close() {
      streams.abort();
      await closeHttpServer(server);
    },
  };
}
