import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { defaultHeartbeatMs, defaultMaxCrashes, type Logger } from "../engine/index.ts";
import { SmithersError } from "../errors/index.ts";
import { readTokenFile } from "../files/index.ts";
import { parseDurationMs } from "../jsx/index.ts";
import { staleAfterMs as defaultStaleAfterMs } from "../model/index.ts";
import { checkSource, type DrizzleDatabase, type StoreOptions } from "../store/index.ts";
import { createLogger, type LogLevel, logLevels } from "../telemetry/index.ts";
import { keepSecret } from "../text/index.ts";
import { isLoopback } from "./http/loopback.ts";

export interface ServerOptions extends StoreOptions {
  /** Port to listen on; 0 picks a free one. Default: 7331. */
  port?: number;
  /** Address to listen on. One that is not loopback needs a token, or `insecure: true`. Default: 127.0.0.1. */
  host?: string;
  /**
   * Drizzle database, path of a file or `postgres://` address for runs whose workflow names no database of its own; it
   * enables the lists of runs and approvals. Default: `smithers.db` in `rootDir`, without the lists.
   */
  db?: DrizzleDatabase | string;
  /**
   * Token that requests must send. Default: `process.env.SMITHERS_API_KEY`; when neither is set, requests need no
   * token.
   */
  authToken?: string;
  /**
   * File that holds the token, instead of `authToken`. Users outside its group must not be able to read it. Tools see
   * it as little as the server's database.
   */
  authTokenFile?: string;
  /** Largest request body, in bytes. Default: 1 MiB. */
  maxBodyBytes?: number;
  /** Folder that workflow paths and tools are confined to. Default: the current folder. */
  rootDir?: string;
  /** Whether `bash` may use the network. Default: false. */
  allowNetwork?: boolean;
  /** Paths outside `rootDir` that commands may read, relative to it. Default: none. */
  readable?: readonly string[];
  /** Paths that tools may change although the server loads them, relative to `rootDir`. Default: none. */
  writable?: readonly string[];
  /**
   * Globs of the files that may be started, relative to `rootDir`; a folder stands for everything in it. Default: every
   * file that is not in a `node_modules` folder.
   */
  workflows?: readonly string[];
  /** Allows a non-loopback address without a token, and turns the browser guard off. Default: false. */
  insecure?: boolean;
  /**
   * Host names that a server without a token answers in addition to loopback ones: `build-7.lan`, `build-7.lan:7331`.
   */
  allowedHosts?: readonly string[];
  /** Origins whose web pages may call the server: `https://app.example`. */
  allowedOrigins?: readonly string[];
  /** Whether the web page is served at `/dashboard/`. Default: true. */
  dashboard?: boolean;
  /** Time to receive a request's headers, in milliseconds. Default: 30000. */
  headersTimeout?: number;
  /** Time to receive a whole request, in milliseconds. Default: 60000. */
  requestTimeout?: number;
  /** How long running attempts may take to end after the server is closed, in milliseconds. Default: 5000. */
  shutdownGraceMs?: number;
  /** How long ended runs are kept, in milliseconds or as a text such as `30d`. Default: for ever. */
  retention?: number | string;
  /** How often the owner of an active run writes a heartbeat, in milliseconds. Default: 5000. */
  heartbeatMs?: number;
  /** Age of the last heartbeat, in milliseconds, after which another process takes the run over. Default: 30000. */
  staleAfterMs?: number;
  /** How many times in a row a task, or a run without progress, may crash its process before it fails. Default: 5. */
  maxCrashes?: number;
  /**
   * Where the code of workflow files runs: `process`, in worker processes, which cannot hurt the server; `none`, in this
   * process. Default: process.
   */
  isolation?: "process" | "none";
  /**
   * Most attempts of all runs at once; each run has its own limit, too. What has no place waits in order, or is taken by
   * another server of the same Postgres database. Default: no limit.
   */
  maxConcurrency?: number;
  /** Most worker processes at once. Default: the number of processors, at least 2. */
  maxWorkers?: number;
  /**
   * How long a worker may answer nothing, in milliseconds, before it is killed and the run that blocked it is charged.
   * Default: 30000.
   */
  workerTimeoutMs?: number;
  /**
   * Most memory of one worker, in MB, without that of its commands; with more, it is killed and the run that used it is
   * charged. Linux only. Default: half of what the machine or the container has, at least 1024.
   */
  workerMemoryMb?: number;
  /** Logger with pino's methods, each called with facts and then a message. Default: JSON lines on stderr. */
  logger?: Logger;
  /** Least severe level that the default logger writes. Default: `process.env.SMITHERS_LOG_LEVEL`, or `info`. */
  logLevel?: LogLevel;
}

/** A worker without work has about half of this. */
const leastWorkerMemoryMb = 128;

type Optional =
  | "maxConcurrency"
  | "maxWorkers"
  | "workerMemoryMb"
  | "db"
  | "schema"
  | "authToken"
  | "authTokenFile"
  | "synchronous"
  | "retention"
  | "logLevel";

export interface ResolvedServerOptions extends Required<Omit<ServerOptions, Optional>> {
  maxConcurrency: number | undefined;
  maxWorkers: number | undefined;
  workerMemoryMb: number | undefined;
  retentionMs: number | undefined;
  db: DrizzleDatabase | string | undefined;
  authToken: string | undefined;
  /** Absolute path. */
  authTokenFile: string | undefined;
  synchronous: StoreOptions["synchronous"];
  schema: StoreOptions["schema"];
}

/**
 * Validates the options and fills in the defaults.
 * @throws INVALID_OPTIONS with the option's name
 */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  const { authToken, authTokenFile } = resolveToken(options);
  const host = options.host ?? "127.0.0.1";
  const insecure = options.insecure ?? false;
  if (!isLoopback(host) && authToken === undefined && !insecure) {
    throw invalidOption("host", `"${host}" can be reached from other machines; set authToken or insecure: true`);
  }
  if (options.db !== undefined) checkSource(options.db);
  return {
    port: wholeNumberOption("port", options.port ?? 7331, 0, 65_535),
    host,
    db: options.db,
    authToken,
    authTokenFile,
    insecure,
    allowedHosts: resolveAllowedHosts(options.allowedHosts),
    allowedOrigins: resolveAllowedOrigins(options.allowedOrigins),
    dashboard: options.dashboard ?? true,
    maxBodyBytes: wholeNumberOption("maxBodyBytes", options.maxBodyBytes ?? 1_048_576, 1),
    rootDir: existingFolder(options.rootDir ?? process.cwd()),
    allowNetwork: options.allowNetwork ?? false,
    readable: paths("readable", options.readable),
    writable: paths("writable", options.writable),
    workflows: paths("workflows", options.workflows),
    headersTimeout: wholeNumberOption("headersTimeout", options.headersTimeout ?? 30_000, 0),
    requestTimeout: wholeNumberOption("requestTimeout", options.requestTimeout ?? 60_000, 0),
    shutdownGraceMs: wholeNumberOption("shutdownGraceMs", options.shutdownGraceMs ?? 5_000, 0),
    retentionMs: options.retention === undefined ? undefined : duration("retention", options.retention),
    heartbeatMs: wholeNumberOption("heartbeatMs", options.heartbeatMs ?? defaultHeartbeatMs, 10),
    staleAfterMs: wholeNumberOption("staleAfterMs", options.staleAfterMs ?? defaultStaleAfterMs, 20),
    maxCrashes: wholeNumberOption("maxCrashes", options.maxCrashes ?? defaultMaxCrashes, 1),
    isolation: isolationOf(options.isolation),
    maxConcurrency:
      options.maxConcurrency === undefined ? undefined : wholeNumberOption("maxConcurrency", options.maxConcurrency, 1),
    maxWorkers: options.maxWorkers === undefined ? undefined : wholeNumberOption("maxWorkers", options.maxWorkers, 1),
    workerTimeoutMs: wholeNumberOption("workerTimeoutMs", options.workerTimeoutMs ?? 30_000, 100),
    workerMemoryMb:
      options.workerMemoryMb === undefined
        ? undefined
        : wholeNumberOption("workerMemoryMb", options.workerMemoryMb, leastWorkerMemoryMb),
    synchronous: options.synchronous,
    schema: options.schema,
    logger: options.logger ?? loggerOf(options.logLevel),
  };
}

function resolveToken(options: ServerOptions): Pick<ResolvedServerOptions, "authToken" | "authTokenFile"> {
  const { authToken, authTokenFile } = options;
  if (authTokenFile === undefined) return { authToken: resolveAuthToken(authToken), authTokenFile };
  if (authToken !== undefined) throw invalidOption("authTokenFile", "it cannot be combined with authToken");
  if (typeof authTokenFile !== "string") throw invalidOption("authTokenFile", "it must be a path");
  const file = resolve(authTokenFile);
  return { authToken: readTokenFile(file), authTokenFile: file };
}

/**
 * The token of a server, which is a secret of this process from then on.
 * @param given default: `process.env.SMITHERS_API_KEY`
 * @throws INVALID_OPTIONS when the token is empty
 */
export function resolveAuthToken(given: string | undefined): string | undefined {
  const authToken = given ?? process.env.SMITHERS_API_KEY;
  if (authToken !== undefined && typeof authToken !== "string") throw invalidOption("authToken", "it must be a string");
  if (authToken === undefined) return undefined;
  keepSecret(authToken);
  if (authToken.trim() !== "") return authToken;
  throw invalidOption("authToken", "it is empty; omit it and unset SMITHERS_API_KEY to serve without authentication");
}

/** @throws INVALID_OPTIONS for what is not a host name with or without a port */
export function resolveAllowedHosts(given: readonly string[] = []): readonly string[] {
  for (const host of given) {
    const isHost = typeof host === "string" && host !== "" && !/[/\s@*]/.test(host) && URL.canParse(`http://${host}`);
    if (!isHost)
      throw invalidOption("allowedHosts", `"${host}" is not a host name, such as "build-7.lan" or "build-7.lan:7331"`);
  }
  return [...given];
}

/** @throws INVALID_OPTIONS for what is not a web origin */
export function resolveAllowedOrigins(given: readonly string[] = []): readonly string[] {
  for (const origin of given) {
    const isOrigin = typeof origin === "string" && /^https?:/.test(origin) && URL.canParse(origin);
    if (!isOrigin || new URL(origin).origin !== origin) {
      throw invalidOption(
        "allowedOrigins",
        `"${origin}" is not an origin, which is a scheme, a host and a port, such as "https://app.example"`,
      );
    }
  }
  return [...given];
}

function isolationOf(given: unknown = "process"): "process" | "none" {
  if (given === "process" || given === "none") return given;
  throw invalidOption("isolation", `"${given}" is not one of process, none`);
}

function paths(name: string, given: readonly string[] = []): readonly string[] {
  if (Array.isArray(given) && given.every((path) => typeof path === "string" && path.trim() !== "")) return [...given];
  throw invalidOption(name, `it must be an array of ${name === "workflows" ? "globs" : "paths"}`);
}

/** The default logger. @throws INVALID_OPTIONS for an unknown level */
export function loggerOf(logLevel: LogLevel | undefined): Logger {
  return createLogger(levelOf(logLevel));
}

function levelOf(logLevel: LogLevel | undefined): LogLevel {
  const level = logLevel ?? process.env.SMITHERS_LOG_LEVEL ?? "info";
  const known = logLevels.find((one) => one === level);
  if (known) return known;
  const name = logLevel === undefined ? "SMITHERS_LOG_LEVEL" : "logLevel";
  throw invalidOption(name, `"${level}" is not one of ${logLevels.join(", ")}`);
}

/** Checks an option that is a whole number. @throws INVALID_OPTIONS */
export function wholeNumberOption(name: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalidOption(
    name,
    `it must be a whole number of at least ${least}${most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : ""}`,
  );
}

function duration(name: string, value: number | string): number {
  const ms = parseDurationMs(value);
  if (ms !== undefined) return ms;
  throw invalidOption(name, `"${value}" is not a duration; use milliseconds, or a text such as 30d`);
}

/** @throws INVALID_OPTIONS when there is no such folder */
export function existingFolder(rootDir: string): string {
  try {
    const folder = realpathSync(rootDir);
    if (statSync(folder).isDirectory()) return folder;
  } catch {
    // A missing folder is refused below, like a file.
  }
  throw invalidOption("rootDir", "the folder does not exist");
}

/** INVALID_OPTIONS that names the option. */
export function invalidOption(name: string, what: string): SmithersError {
  return new SmithersError("INVALID_OPTIONS", `Invalid option ${name}: ${what}.`, { details: { option: name } });
}
