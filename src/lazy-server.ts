import type { Server } from "node:http";
import { createRequire } from "node:module";
import { moduleFile } from "./package/index.ts";
import type { ServeApp, ServeAppOptions, ServerOptions } from "./server/index.ts";

/**
 * The server's modules, loaded at their first use: workflow files import this package, and the processes that execute
 * them need no server.
 */
function server(): typeof import("./server/index.ts") {
  return createRequire(import.meta.url)(moduleFile("server/index"));
}

/**
 * Serves workflows over HTTP and executes their runs in worker processes. Returns at once; the server then emits
 * `listening`, and requests wait until its database is open. It emits `error` when the port is taken or the database
 * cannot be used (a `DB_*` code). `server.close()` and the signals SIGTERM and SIGINT shut it down gracefully; the
 * callback of `close` is called once everything is stored.
 *
 * @throws INVALID_OPTIONS
 * @example
 * const server = startServer({ port: 7331, db: drizzle("./smithers.db"), rootDir: process.cwd() });
 */
export function startServer(options?: ServerOptions): Server {
  return server().startServer(options);
}

/**
 * Creates a Hono app for one run: GET /, /events, /frames, /health and /metrics, POST /approve/:nodeId, /deny/:nodeId,
 * /signal/:name and /cancel, with the same answers as `startServer`. Give its `fetch` to a server, mount it in another
 * app, or call it. Decisions and signals reach the process that executes the run. A parked run that no process executes
 * is continued here.
 *
 * @throws INVALID_OPTIONS. A database that cannot be used is reported by `opened` and by every answer.
 * @example
 * const app = createServeApp({ workflow, db, runId: "release-1" });
 * Bun.serve({ port: 7331, fetch: app.fetch });
 * await runWorkflow(workflow, { db, runId: "release-1", input: { version: "1.2" } });
 */
export function createServeApp(options: ServeAppOptions): ServeApp {
  return server().createServeApp(options);
}
