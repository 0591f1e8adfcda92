import { realpathSync, statSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { openForWorkflow } from "../../engine/databases/index.ts";
import { type Engine, engineOn, type Logger } from "../../engine/index.ts";
import { databaseFileOf } from "../../jsx/index.ts";
import type { LoadedWorkflow } from "../../loader/index.ts";
import { staleAfterMs } from "../../model/index.ts";
import { type LocalStore, openStore } from "../../store/index.ts";
import type { Telemetry } from "../../telemetry/index.ts";
import { usageError } from "../errors.ts";
import { closeLoaders, loaderOf, loadWorkflow } from "../load-workflow.ts";
import { type ToolOptions, toolFlags } from "../options.ts";
import {
  absoluteDatabase,
  databaseFolder,
  databaseName,
  type NearestDatabase,
  nearestDatabase,
  shortPath,
} from "../source/find-database.ts";
import type { ProgressLogger } from "./log.ts";

export interface HostSettings {
  /** The database's file. */
  readonly file: string;
  /** Absolute path of the folder that workflow paths are relative to and tools are confined to. */
  readonly rootDir: string;
  /** Databases of other workflows, which commands must not see. Default: none. */
  readonly knownPaths?: readonly string[];
  /** What the tools of its runs may do. */
  readonly tools: ToolOptions;
  /** A file that tools do not see. */
  readonly authTokenFile?: string;
  readonly log: Logger;
  /** The workflow to execute. Default: the run's own file. */
  readonly source?: LoadedWorkflow;
  /** Whether metrics and traces are collected. */
  readonly measured: boolean;
}

/** What executes one run in this process: its workflow, database and engine. */
export interface Host {
  readonly engine: Engine;
  readonly store: LocalStore;
  /** The database's file. */
  readonly file: string;
  readonly telemetry: Telemetry | undefined;
  readonly rootDir: string;
  /** The current workflow; replaced when its file is edited. */
  source: LoadedWorkflow | undefined;
  /** Options that a suggested command needs to find this database, in addition to those of this command line. */
  readonly flags: readonly string[];
  /** Options that a suggested command needs to execute the run as this one does. */
  readonly executingFlags: readonly string[];
  /** Closes everything but the engine, which must be closed before. */
  close(): Promise<void>;
}

/** Time limit of the last push of metrics and traces. */
const pushMs = 5_000;

/** Creates a host over a store that the caller closes. */
export async function hostOn(
  store: LocalStore,
  { file, rootDir, knownPaths = [], tools, authTokenFile, log, source, measured }: HostSettings,
): Promise<Host> {
  const telemetry = measured
    ? new (await import("../../telemetry/index.ts")).Telemetry(withoutRunLines(log), pushMs)
    : undefined;
  const engine = engineOn(store, {
    scope: "own",
    rootDir,
    allowNetwork: tools.allowNetwork ?? false,
    fileRules: {
      privatePaths: () => [...(authTokenFile === undefined ? [] : absolute([authTokenFile])), ...knownPaths],
      readable: absolute(tools.readable),
      writable: absolute(tools.writable),
    },
    resolveWorkflow: async (run) => host.source ?? loadWorkflow(rootDir, run),
    log,
    monitor: telemetry,
  });
  telemetry?.observe(() => ({ engines: [engine], runsBehind: 0, staleMs: staleAfterMs }));
  const host: Host = {
    engine,
    store,
    file,
    telemetry,
    rootDir,
    source,
    flags: [],
    executingFlags: [...(rootDir === databaseFolder(file) ? [] : ["--root", shortPath(rootDir)]), ...toolFlags(tools)],
    async close() {
      await telemetry?.close(pushMs);
      await closeLoaders();
    },
  };
  engine.begin();
  return host;
}

export interface OpenHostOptions extends Omit<HostSettings, "file" | "rootDir" | "tools" | "source">, ToolOptions {
  /** The workflow's file, as typed. */
  readonly workflow: string;
  readonly log: ProgressLogger;
  readonly db?: string;
  readonly root?: string;
}

/**
 * Loads a workflow and opens its database: the named one, or the workflow's own, or the nearest `smithers.db`, or a new
 * one in the current folder. Paths and tools are confined to `root`; default: the folder of the nearest database, or
 * the current folder.
 * @throws INVALID_USAGE, WORKFLOW_*, DB_*
 */
export async function openHost(options: OpenHostOptions): Promise<Host & { readonly source: LoadedWorkflow }> {
  const found = options.db === undefined ? nearestDatabase() : undefined;
  const nearest = found?.file;
  const rootDir = folderOf(options.root ?? (nearest === undefined ? process.cwd() : dirname(nearest)));
  try {
    const source = await loaderOf(rootDir).load(relative(rootDir, resolve(options.workflow)));
    const dbPath = databaseFileOf(source.workflow);
    const usual = nearest ?? resolve(databaseName);
    const own = dbPath === undefined ? usual : resolve(rootDir, dbPath);
    if (found && own === usual) sayWhichDatabase(found, options.log);
    const file = options.db === undefined ? own : absoluteDatabase(options.db);
    const { store, knownPaths } =
      options.db === undefined
        ? await openForWorkflow(dbPath, {
            rootDir,
            mainFile: dbPath === undefined ? usual : (nearest ?? resolve(rootDir, databaseName)),
          })
        : { store: await openStore(file), knownPaths: [] };
    const host = await hostOn(store, {
      ...options,
      file,
      tools: options,
      rootDir,
      source,
      knownPaths,
    });
    return Object.assign(host, {
      source,
      flags: options.db === undefined && own !== usual ? ["--db", shortPath(own)] : [],
      async close() {
        await host.telemetry?.close(pushMs);
        await closeLoaders();
        await store.close();
      },
    });
  } catch (error) {
    await closeLoaders();
    throw error;
  }
}

/** Names the database when it is not in the current folder, or when there are several. */
function sayWhichDatabase({ file, others }: NearestDatabase, log: ProgressLogger): void {
  if (dirname(file) === process.cwd() && others.length === 0) return;
  const more = others.length > 0 ? ` Use --db to choose another: ${others.map(shortPath).join(", ")}` : "";
  log.say(`Using the nearest database, ${shortPath(file)}.${more}`);
}

function folderOf(given: string): string {
  try {
    const folder = realpathSync(given);
    if (statSync(folder).isDirectory()) return folder;
  } catch {
    // A missing folder is refused below, like a file.
  }
  throw usageError(`There is no folder ${given}.`);
}

/** Paths as they are typed: relative to the current folder. */
const absolute = (paths: readonly string[] = []) => paths.map((path) => resolve(path));

/** Drops the log lines about runs: the progress display shows those. */
function withoutRunLines(log: Logger): Logger {
  const unlessRun = (tell: Logger["warn"]) => (facts: object, message: string) => {
    if (!("runId" in facts)) tell(facts, message);
  };
  return { debug() {}, info() {}, warn: unlessRun(log.warn), error: unlessRun(log.error) };
}

/** Whether the environment asks to export metrics and traces. */
export const isTelemetryOn = (): boolean => /^(1|true)$/i.test(process.env.SMITHERS_OTEL_ENABLED ?? "");
