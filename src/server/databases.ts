import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Engine, engineOn, keepPruned, type Logger, Mirror } from "../engine/index.ts";
import { isSmithersError, noSuchRun, SmithersError, shuttingDown } from "../errors/index.ts";
import type { Workflow } from "../jsx/index.ts";
import type { Loader } from "../loader/index.ts";
import type { Run } from "../model/index.ts";
import { RunDatabases } from "../runs/index.ts";
import { type Idempotency, type LocalStore, openStore } from "../store/index.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { reserveDatabase } from "./new-database.ts";
import type { ResolvedServerOptions } from "./options.ts";

/**
 * The server's own database, and those that workflows name for themselves. Each has an engine that executes its runs.
 */
export class ServerDatabases {
  readonly main: Engine;
  /** Finds runs in these databases. */
  readonly runs: RunDatabases<Engine>;
  readonly #options: ResolvedServerOptions;
  readonly #loader: Loader;
  readonly #log: Logger;
  readonly #telemetry: Telemetry;
  readonly #byId = new Map<string, Engine>();
  readonly #opening = new Map<string, Promise<Engine>>();
  /** Known databases of workflows that cannot be opened now, with the error. */
  readonly #unopened = new Map<string, unknown>();
  readonly #opened: Promise<void>;
  readonly #stops: (() => void)[] = [];
  readonly #mirrors: Mirror[] = [];
  readonly #retry: ReturnType<typeof setInterval>;
  #hasBegun = false;
  #stopping = false;

  /** @throws a `DB_*` code when the server's own database cannot be used */
  static async open(options: ResolvedServerOptions, loader: Loader, telemetry: Telemetry): Promise<ServerDatabases> {
    const { db = resolve(options.rootDir, "smithers.db"), synchronous } = options;
    return new ServerDatabases(await openStore(db, { synchronous }), options, loader, telemetry);
  }

  private constructor(main: LocalStore, options: ResolvedServerOptions, loader: Loader, telemetry: Telemetry) {
    this.#options = options;
    this.#loader = loader;
    this.#log = options.logger;
    this.#telemetry = telemetry;
    this.main = this.#serve(main);
    this.runs = new RunDatabases(this.main, {
      open: (file) => this.#engineAt(file),
      refuseCopy: ({ runId, home }) => {
        throw this.#unopened.get(home!) ?? noSuchRun(runId);
      },
    });
    this.#opened = this.#openKnown();
    this.#retry = setInterval(() => void this.#openAgain(), options.heartbeatMs);
    this.#retry.unref();
    telemetry.observe(() => ({
      engines: this.engines(),
      runsBehind: this.#mirrors.reduce((sum, { runsBehind }) => sum + runsBehind, 0),
      staleMs: options.staleAfterMs,
    }));
  }

  /**
   * Returns the engine for new runs of a workflow; opens the workflow's own database if necessary.
   * @throws a `DB_*` code when the workflow's own database cannot be used; SERVER_CLOSING
   */
  async of(workflow: Workflow): Promise<Engine> {
    if (workflow.dbPath === undefined) return this.main;
    const file = resolve(this.#options.rootDir, workflow.dbPath);
    return this.#byId.get(file) ?? this.#openOther(file);
  }

  /**
   * The run that an earlier request with this idempotency key has started.
   * @throws IDEMPOTENCY_KEY_REUSED
   */
  async findStarted(idempotency: Idempotency): Promise<string | undefined> {
    for (const { store } of await this.runs.all()) {
      const runId = await store.findStarted(idempotency, Date.now());
      if (runId !== undefined) return runId;
    }
    return undefined;
  }

  async has(runId: string): Promise<boolean> {
    for (const { store } of await this.runs.all()) if (await store.findRun(runId)) return true;
    return false;
  }

  /** Starts to continue due runs. */
  begin(): void {
    this.#hasBegun = true;
    for (const engine of this.engines()) this.#begin(engine);
  }

  get activeRuns(): number {
    return this.engines().reduce((sum, engine) => sum + engine.activeRuns, 0);
  }

  /** The engines of the open databases. */
  engines(): Engine[] {
    return [...new Set([this.main, ...this.#byId.values()])];
  }

  /** Releases all runs: running attempts get `graceMs` to end. The stores can still be read after this. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#retry);
    await Promise.allSettled([this.#opened, ...this.#opening.values()]);
    await Promise.all(this.engines().map((engine) => engine.close(graceMs)));
    for (const stop of this.#stops) stop();
    await Promise.all(this.#mirrors.map((mirror) => mirror.stop()));
  }

  async close(): Promise<void> {
    await Promise.all(this.engines().map(({ store }) => store.close()));
  }

  #begin(engine: Engine): void {
    engine.begin();
    const { retentionMs } = this.#options;
    if (retentionMs !== undefined) this.#stops.push(keepPruned(engine.store, retentionMs, this.#log));
  }

  #openOther(file: string): Promise<Engine> {
    const known = this.#opening.get(file);
    if (known) return known;
    const opening = this.#openAndServe(file).finally(() => this.#opening.delete(file));
    this.#opening.set(file, opening);
    return opening;
  }

  async #openAndServe(file: string): Promise<Engine> {
    await reserveDatabase(file);
    const store = await openStore(file, { synchronous: this.#options.synchronous });
    try {
      // Must come before the first run: after a restart, the server must know where to look.
      await this.main.store.maintenance.rememberDatabase(file, Date.now());
      if (this.#stopping) throw shuttingDown();
    } catch (error) {
      await store.close();
      throw error;
    }
    const engine = this.#serve(store);
    this.#mirrors.push(new Mirror(store, this.main.store, engine.feed, this.#log, this.#options.heartbeatMs));
    this.#unopened.delete(file);
    return engine;
  }

  #serve(store: LocalStore): Engine {
    const { rootDir, authTokenFile, allowNetwork, heartbeatMs, staleAfterMs, maxCrashes } = this.#options;
    const engine = engineOn(store, {
      rootDir,
      allowNetwork,
      fileRules: {
        privatePaths: () => [
          ...this.engines().flatMap(({ store }) => store.privateFiles),
          ...this.#opening.keys(),
          ...(authTokenFile === undefined ? [] : [authTokenFile]),
        ],
        readable: this.#options.readable,
        writable: this.#options.writable,
      },
      heartbeatMs,
      staleMs: staleAfterMs,
      maxCrashes,
      resolveWorkflow: (run) => this.#loader.load(pathOf(run)),
      log: this.#log,
      monitor: this.#telemetry,
    });
    if (this.#hasBegun) this.#begin(engine);
    this.#byId.set(store.id, engine);
    return engine;
  }

  /** The engine of a workflow's database; undefined while it cannot be opened, which is retried from time to time. */
  async #engineAt(file: string): Promise<Engine | undefined> {
    if (!this.#byId.has(file) && !this.#unopened.has(file)) await this.#tryToOpen(file);
    return this.#byId.get(file);
  }

  /** Opens the databases that this server, or another server with the same main database, has recorded. */
  async #openKnown(): Promise<void> {
    try {
      const known = await this.main.store.maintenance.knownDatabases();
      await Promise.all(known.map((file) => this.#engineAt(file)));
    } catch (error) {
      this.#log.warn({ err: error }, "known databases of workflows could not be read; will retry");
    }
  }

  async #openAgain(): Promise<void> {
    await Promise.all([...this.#unopened.keys()].map((file) => this.#tryToOpen(file)));
    await this.#openKnown();
  }

  async #tryToOpen(file: string): Promise<void> {
    try {
      if (!existsSync(file)) throw new SmithersError("DB_UNAVAILABLE", "The workflow's own database does not exist.");
      await this.#openOther(file);
    } catch (error) {
      if (!this.#unopened.has(file) && !(isSmithersError(error) && error.code === "SERVER_CLOSING")) {
        this.#log.error({ db: file, err: error }, "database of a workflow cannot be opened; will retry");
      }
      this.#unopened.set(file, error);
    }
  }
}

function pathOf(run: Pick<Run, "runId" | "workflowPath">): string {
  if (run.workflowPath !== null) return run.workflowPath;
  throw new SmithersError("WORKFLOW_NOT_FOUND", `The run "${run.runId}" has no workflow file. Pass its workflowPath.`);
}
