import { once } from "node:events";
import type { Logger } from "../../engine/index.ts";
import { SmithersError } from "../../errors/index.ts";
import { drained, httpServerOf, urlOf } from "../http/http-server.ts";
import type { ResolvedServerOptions } from "../options.ts";
import { createRunApp, type RunAppOptions } from "./run-app.ts";

export interface ServeRunOptions extends Omit<RunAppOptions, keyof ResolvedServerOptions | "closing"> {
  readonly logger: Logger;
  /** As `resolveServerOptions` gave it. */
  readonly serving: ResolvedServerOptions;
}

/** One run that is answered for over HTTP. */
export interface ServedRun {
  readonly url: string;
  /** Ends the event streams, waits a moment for answers that are under way, and ends the connections. */
  close(): Promise<void>;
}

/**
 * Serves one run of an engine over HTTP, as `createServeApp` answers.
 * @throws ADDRESS_UNAVAILABLE when the port cannot be listened on
 */
export async function serveRun({ serving, ...run }: ServeRunOptions): Promise<ServedRun> {
  const streams = new AbortController();
  const app = createRunApp({ ...run, ...serving, logger: run.logger, closing: streams.signal });
  const server = httpServerOf(app, { ...serving, logger: run.logger });
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
      await drained(server);
    },
  };
}

/** Why a server cannot listen where it was told to, and what to do about it. */
export function notListening(
  { host, port }: Pick<ResolvedServerOptions, "host" | "port">,
  cause: NodeJS.ErrnoException,
): SmithersError {
  const reasons: Record<string, string> = {
    EADDRINUSE: `The port ${port} is in use by another program.`,
    EACCES: `This user may not listen on the port ${port}.`,
    EADDRNOTAVAIL: `This machine has no address ${host}.`,
    ENOTFOUND: `There is no host ${host}.`,
  };
  const reason = reasons[cause.code ?? ""] ?? `The server cannot listen on ${host}:${port}: ${cause.message}.`;
  return new SmithersError("ADDRESS_UNAVAILABLE", reason, { cause });
}
