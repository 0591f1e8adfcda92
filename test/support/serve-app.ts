import { Database } from "bun:sqlite";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { createServeApp, type ServeApp, type ServeAppOptions } from "smithers-orchestrator";
import { afterThisTest } from "./cleanup.ts";
import { database } from "./run.ts";

/** An app for one run, closed after the test. */
export function serveApp(options: ServeAppOptions): ServeApp {
  const app = createServeApp(options);
  afterThisTest(() => app.close());
  return app;
}

/** A Drizzle database on a file of its own, closed after the test. */
export function drizzleDatabase(file = database()) {
  const client = new Database(file, { create: true });
  afterThisTest(() => client.close());
  return drizzle(client);
}

/** Serves an app with Bun's own server on a free port, as its users do. */
export function bunServe(
  app: { fetch(request: Request, env?: unknown): Response | Promise<Response> },
  idleTimeout = 10,
): string {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch, idleTimeout });
  afterThisTest(() => server.stop(true));
  return `http://127.0.0.1:${server.port}`;
}
