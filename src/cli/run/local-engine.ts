import { realpathSync, statSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { Engine, type Logger } from "../../engine/index.ts";
import type { LoadedWorkflow } from "../../loader/index.ts";
import { staleAfterMs } from "../../model/index.ts";
import { openStore, type Store } from "../../store/index.ts";
import type { Telemetry } from "../../telemetry/index.ts";
import { usageError } from "../errors.ts";
import { closeLoaders, loaderOf, loadWorkflow } from "../load-workflow.ts";
import { databaseName, type FoundDatabase, nearestDatabase, shortPath } from "../source/find-database.ts";
import type { BesideLogger } from "./log.ts";

export interface HostSettings {
  /** Absolute. What workflow paths are relative to, and what tools are confined to. */
  readonly rootDir: string;
  readonly allowNetwork: boolean;
  readonly log: Logger;
  /** What the run is executed with. Defaults to the file that it names. */
  readonly source?: LoadedWorkflow;
  /** Whether metrics and traces are wanted. */
  readonly measured: boolean;
  /** Kept out of what tools can read. */
  readonly authToken?: string;
}

/** What executes one run in this process: its workflow, database and engine. */
export interface Host {
  readonly engine: Engine;
  readonly store: Store;
  readonly telemetry: Telemetry | undefined;
  readonly rootDir: string;
  /** What runs are continued with; replaced when the file was edited. */
  source: LoadedWorkflow | undefined;
  /** Options that every command needs to find the database again, beside those that this one was given. */
  readonly flags: readonly string[];
  /** Options that a command needs which executes the run, to do it as this one does. */
  readonly executingFlags: readonly string[];
  /** Closes what it has opened, after the engine. */
  close(): Promise<void>;
}

/** How long the last push of what was measured may take. */
const pushMs = 5_000;

/** A host over a store that somebody else closes. */
export async function hostOn(
  store: Store,
  { rootDir, allowNetwork, log, source, measured, authToken }: HostSettings,
): Promise<Host> {
  const telemetry = measured
    ? new (await import("../../telemetry/index.ts")).Telemetry(withoutRuns(log), pushMs)
    : undefined;
  const tokenFiles = await tokenFilesOf(authToken, rootDir);
  const engine = new Engine({
    store,
    scope: "own",
    rootDir,
    allowNetwork,
    privatePaths: () => tokenFiles,
    resolveWorkflow: async (run) => host.source ?? loadWorkflow(rootDir, run),
    log,
    observer: telemetry?.observer,
  });
  telemetry?.watch(engine);
  telemetry?.observe(() => ({ engines: [engine], runsBehind: 0, staleMs: staleAfterMs }));
  const host: Host = {
    engine,
    store,
    telemetry,
    rootDir,
    source,
    flags: [],
    executingFlags: [
      ...(rootDir === dirname(store.filename) ? [] : ["--root", shortPath(rootDir)]),
      ...(allowNetwork ? ["--allow-network"] : []),
    ],
    async close() {
      await telemetry?.close(pushMs);
      await closeLoaders();
    },
  };
  engine.begin();
  return host;
}

export interface OpenHostOptions extends Omit<HostSettings, "rootDir" | "allowNetwork" | "source"> {
  /** The workflow's file, as it was typed. */
  readonly workflow: string;
  readonly log: BesideLogger;
  readonly db?: string;
  readonly root?: string;
  readonly allowNetwork?: boolean;
}

/**
 * Loads a workflow and opens its database: the one that is named, else the workflow's own, else the nearest
 * `smithers.db`, else a new one here. Paths and tools are confined to `root`; without one, to the folder of the
 * nearest database, or this one.
 * @throws INVALID_USAGE, WORKFLOW_*, DB_*
 */
export async function openHost(options: OpenHostOptions): Promise<Host & { readonly source: LoadedWorkflow }> {
  const found = options.db === undefined ? nearestDatabase() : undefined;
  const nearest = found?.file;
  const rootDir = folderOf(options.root ?? (nearest === undefined ? process.cwd() : dirname(nearest)));
  try {
    const source = await loaderOf(rootDir).load(relative(rootDir, resolve(options.workflow)));
    const { dbPath } = source.workflow;
    const usual = nearest ?? resolve(databaseName);
    const own = dbPath === undefined ? usual : resolve(rootDir, dbPath);
    if (found && own === usual) sayWhich(found, options.log);
    const store = openStore(options.db === undefined ? own : resolve(options.db));
    const host = await hostOn(store, { ...options, allowNetwork: options.allowNetwork ?? false, rootDir, source });
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

/** Says which database is used where that is not the one of this folder, or where there are several. */
function sayWhich({ file, others }: FoundDatabase, log: BesideLogger): void {
  if (dirname(file) === process.cwd() && others.length === 0) return;
  const more = others.length > 0 ? ` Use --db to choose another: ${others.map(shortPath).join(", ")}` : "";
  log.say(`Using the nearest database, ${shortPath(file)}.${more}`);
}

function folderOf(given: string): string {
  try {
    const folder = realpathSync(given);
    if (statSync(folder).isDirectory()) return folder;
  } catch {
    // Answered below, like a file.
  }
  throw usageError(`There is no folder ${given}.`);
}

async function tokenFilesOf(authToken: string | undefined, rootDir: string): Promise<readonly string[]> {
  if (authToken === undefined) return [];
  const { filesWithToken } = await import("../../server/index.ts");
  return filesWithToken(authToken, [process.cwd(), rootDir]);
}

/** What telemetry logs of runs is shown as their progress. */
function withoutRuns(log: Logger): Logger {
  const unlessRun = (tell: Logger["warn"]) => (facts: object, message: string) => {
    if (!("runId" in facts)) tell(facts, message);
  };
  return { debug() {}, info() {}, warn: unlessRun(log.warn), error: unlessRun(log.error) };
}

/** Whether the environment asks for metrics and traces to be sent. */
export const isTelemetryOn = (): boolean => /^(1|true)$/i.test(process.env.SMITHERS_OTEL_ENABLED ?? "");
