import { resolve } from "node:path";
import type { Hono } from "hono";
import { runIdSchema } from "../../api/index.ts";
import { type Engine, type Logger, openEngine } from "../../engine/index.ts";
import { isWorkflow, type Workflow } from "../../jsx/index.ts";
import { staleAfterMs } from "../../model/index.ts";
import { checkSource, type DrizzleDatabase, type StoreOptions } from "../../store/index.ts";
import { type LogLevel, Telemetry } from "../../telemetry/index.ts";
import {
  existingFolder,
  invalidOption,
  loggerOf,
  resolveAllowedHosts,
  resolveAllowedOrigins,
  resolveAuthToken,
  wholeNumberOption,
} from "../options.ts";
import { createRunApp } from "./run-app.ts";

export interface ServeAppOptions extends StoreOptions {
  /** The workflow with which the run is continued when no other process executes it. */
  workflow: Workflow;
  /** Id of the run; the run may start later. */
  runId: string;
  /** Drizzle database or path of a file. Default: the workflow's own database, or `smithers.db` in `rootDir`. */
  db?: DrizzleDatabase | string;
  /** Another name for `db`; may also be an object with the database in its `db`. */
  adapter?: DrizzleDatabase | { readonly db: DrizzleDatabase };
  /** Aborted or called once the run was cancelled over HTTP. */
  abort?: AbortController | (() => void);
  /** Token that requests must send. Default: `process.env.SMITHERS_API_KEY`. */
  authToken?: string;
  /** Turns the browser guard off. Default: false. */
  insecure?: boolean;
  /** Host names that an app without a token answers in addition to loopback ones. */
  allowedHosts?: readonly string[];
  /** Origins whose web pages may call the app. */
  allowedOrigins?: readonly string[];
  /** Whether GET /metrics is answered. Default: true. */
  metrics?: boolean;
  /** Largest request body, in bytes. Default: 1 MiB. */
  maxBodyBytes?: number;
  /** Folder that tools are confined to when the run is continued here. Default: the current folder. */
  rootDir?: string;
  /** Whether `bash` may use the network when the run is continued here. Default: false. */
  allowNetwork?: boolean;
  /** Paths outside `rootDir` that commands may read when the run is continued here. Default: none. */
  readable?: readonly string[];
  /** Paths that tools may change although this process loads them. Default: none. */
  writable?: readonly string[];
  /** Logger with pino's methods. Default: JSON lines on stderr. */
  logger?: Logger;
  /** Least severe level that the default logger writes. Default: `process.env.SMITHERS_LOG_LEVEL`, or `info`. */
  logLevel?: LogLevel;
}

/** A Hono app for one run. */
export interface ServeApp extends Hono {
  /**
   * Resolves once the database is open; requests wait for that. When it cannot be opened, this rejects with a `DB_*`
   * code, and every request is answered with it.
   */
  readonly opened: Promise<void>;
  /** Ends the open event streams, releases the run if it was continued here, and closes the database. */
  close(): Promise<void>;
}

/** How long running attempts may take to end after the app is closed. */
const closeGraceMs = 5_000;

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
  const { workflow, runId, abort } = options;
  if (!isWorkflow(workflow)) throw invalidOption("workflow", "it must be the result of smithers(…)");
  if (!runIdSchema.safeParse(runId).success) throw invalidOption("runId", "it is not a valid run id");
  if (abort !== undefined && typeof abort !== "function" && typeof abort?.abort !== "function") {
    throw invalidOption("abort", "it must be an AbortController or a function");
  }
  const authToken = resolveAuthToken(options.authToken);
  const rootDir = existingFolder(options.rootDir ?? process.cwd());
  const maxBodyBytes = wholeNumberOption("maxBodyBytes", options.maxBodyBytes ?? 1_048_576, 1);
  const logger = options.logger ?? loggerOf(options.logLevel);
  const source = databaseOf(options) ?? resolve(rootDir, workflow.dbPath ?? "smithers.db");
  checkSource(source);
  const telemetry = new Telemetry(logger, closeGraceMs);
  const engine = openWatching(options, { source, rootDir, logger, telemetry });
  const opened = engine.then(() => {});
  opened.catch((error) => logger.error({ err: error }, "The database cannot be opened."));
  const streams = new AbortController();
  const app = createRunApp({
    engine,
    runId,
    authToken,
    maxBodyBytes,
    insecure: options.insecure ?? false,
    allowedHosts: resolveAllowedHosts(options.allowedHosts),
    allowedOrigins: resolveAllowedOrigins(options.allowedOrigins),
    metrics: options.metrics ?? true,
    logger,
    telemetry,
    closing: streams.signal,
    cancelled: () => (typeof abort === "function" ? abort() : abort?.abort()),
  });
  let closed: Promise<void> | undefined;
  const close = async () => {
    const begun = await engine.catch(() => undefined);
    await begun?.close(closeGraceMs);
    streams.abort();
    await telemetry.close(closeGraceMs);
    await begun?.store.close();
  };
  return Object.assign(app, { opened, close: () => (closed ??= close()) });
}

interface Parts {
  readonly source: DrizzleDatabase | string;
  readonly rootDir: string;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
}

async function openWatching(
  { workflow, runId, allowNetwork = false, readable, writable, synchronous }: ServeAppOptions,
  { source, rootDir, logger, telemetry }: Parts,
): Promise<Engine> {
  const engine = await openEngine(source, {
    synchronous,
    scope: "own",
    // The program that started the run also resumes it, and must not find it taken over by this app.
    recoversOrphans: false,
    rootDir,
    allowNetwork,
    fileRules: { readable, writable },
    resolveWorkflow: async () => ({ workflow }),
    log: logger,
    monitor: telemetry,
    observesLocalEngines: true,
  });
  telemetry.observe(() => ({ engines: [engine], executing: engine.executing, runsBehind: 0, staleMs: staleAfterMs }));
  engine.own(runId);
  engine.begin();
  return engine;
}

function databaseOf({ db, adapter }: ServeAppOptions): DrizzleDatabase | string | undefined {
  if (db !== undefined || adapter === undefined) return db;
  return "db" in adapter && !("$client" in adapter) ? adapter.db : (adapter as DrizzleDatabase);
}
