import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { OwnDatabases } from "../engine/databases/index.ts";
import {
  type Engine,
  engineOn,
  fileRulesOf,
  keepPruned,
  type Logger,
  Mirror,
  Places,
  type RunRequest,
} from "../engine/index.ts";
import { isSmithersError, noSuchRun, runExists, SmithersError, shuttingDown } from "../errors/index.ts";
import { databaseFileOf, type Workflow } from "../jsx/index.ts";
import { inputSchemaOf, type Loader, workflowNameOf } from "../loader/index.ts";
import type { BlockingRun, Run } from "../model/index.ts";
import { RunDatabases } from "../runs/index.ts";
import { type Idempotency, type LocalStore, openStore } from "../store/index.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { identityOf, RemoteHolder, WorkerPool } from "../workers/index.ts";
import type { ResolvedServerOptions } from "./options.ts";

/**
 * The server's own database, and those that workflows name for themselves. Each has an engine that executes its runs.
 */
export class ServerDatabases {
  readonly main: Engine;
  /** Finds runs in these databases. */
  readonly runs: RunDatabases<Engine>;
  readonly #own: OwnDatabases;
  readonly #options: ResolvedServerOptions;
  readonly #loader: Loader;
  /** What executes the runs; undefined when this process does. */
  readonly #pool: WorkerPool | undefined;
  /** The places for attempts; undefined when there is no bound. */
  readonly #places: Places | undefined;
  readonly #log: Logger;
  readonly #telemetry: Telemetry;
  readonly #byId = new Map<string, Engine>();
  readonly #opening = new Map<string, Promise<Engine>>();
  /** Known databases of workflows that cannot be opened now, with the error. */
  readonly #unopened = new Map<string, unknown>();
  /** Databases whose refusal the log has. */
  readonly #logged = new Set<string>();
  readonly #opened: Promise<void>;
  readonly #stops: (() => void)[] = [];
  readonly #mirrors: Mirror[] = [];
  readonly #retry: ReturnType<typeof setInterval>;
  #hasBegun = false;
  #stopping = false;

  /** @throws a `DB_*` code when the server's own database cannot be used */
  static async open(options: ResolvedServerOptions, loader: Loader, telemetry: Telemetry): Promise<ServerDatabases> {
    const { db = resolve(options.rootDir, "smithers.db"), synchronous, schema } = options;
    const main = await openStore(db, { synchronous, schema });
    const own = new OwnDatabases(main, { rootDir: options.rootDir, synchronous });
    try {
      await own.noteMissing();
    } catch (error) {
      await main.close();
      throw error;
    }
    return new ServerDatabases(main, own, options, loader, telemetry);
  }

  private constructor(
    main: LocalStore,
    own: OwnDatabases,
    options: ResolvedServerOptions,
    loader: Loader,
    telemetry: Telemetry,
  ) {
    this.#own = own;
    this.#options = options;
    this.#loader = loader;
    this.#log = options.logger;
    this.#telemetry = telemetry;
    this.#places = options.maxConcurrency === undefined ? undefined : new Places(options.maxConcurrency);
    this.#pool = options.isolation === "process" ? this.#newPool() : undefined;
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
      queuedAttempts: this.#places?.queued ?? 0,
      runsBehind: this.#mirrors.reduce((sum, { runsBehind }) => sum + runsBehind, 0),
      staleMs: options.staleAfterMs,
    }));
  }

  /**
   * Starts a run of a workflow file, in the database of the workflow. Resolves with its id once it is recorded.
   * @throws WORKFLOW_*, INVALID_INPUT, RUN_ALREADY_EXISTS, IDEMPOTENCY_KEY_REUSED, SERVER_CLOSING, or a `DB_*` code when
   *   the workflow's own database cannot be used
   */
  async start(path: string, request: RunRequest): Promise<string> {
    const { runId } = request;
    const existing = runId !== undefined && (await this.#has(runId)) ? runId : undefined;
    if (this.#pool) {
      if (this.#stopping) throw shuttingDown();
      return this.#pool.start({ path, existing, main: identityOf(this.main.store), request });
    }
    const source = await this.#loader.load(path);
    if (existing !== undefined) throw runExists(existing);
    const engine = await this.#of(source.workflow);
    return engine.start({ ...source, workflowName: workflowNameOf(source), ...request });
  }

  /** Whether a run's code keeps its worker from answering now. */
  blocking(runId: string): BlockingRun | undefined {
    return this.#pool?.blocking(runId);
  }

  /** The JSON Schema of a workflow file's input. @throws WORKFLOW_* */
  async load(path: string): Promise<{ readonly inputSchema?: Record<string, unknown> }> {
    if (this.#pool) return this.#pool.load(path);
    const { workflow } = await this.#loader.load(path);
    return { inputSchema: inputSchemaOf(workflow) };
  }

  /** The engine for new runs of a workflow; opens the workflow's own database if necessary. */
  async #of(workflow: Pick<Workflow, "dbPath">): Promise<Engine> {
    const own = databaseFileOf(workflow);
    if (own === undefined) return this.main;
    const file = resolve(this.#options.rootDir, own);
    // A retry that looks for the file right now would not create it.
    if (!existsSync(file)) await this.#opening.get(file)?.catch(() => {});
    return this.#byId.get(file) ?? this.#openOrCreate(file);
  }

  async #openOrCreate(file: string): Promise<Engine> {
    try {
      return await this.#openOther(file, () => this.#own.openOrCreate(file));
    } catch (error) {
      if (isSmithersError(error) && error.code === "DB_NOT_TRUSTED") this.#logOnce(file, error);
      throw error;
    }
  }

  /** Logs that a database is not used; once, because a client may ask for it again and again. */
  #logOnce(file: string, error: unknown): void {
    if (this.#logged.has(file)) return;
    this.#logged.add(file);
    this.#log.error({ db: file, err: error }, "database of a workflow is not used");
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

  async #has(runId: string): Promise<boolean> {
    for (const { store } of await this.runs.all()) if (await store.findRun(runId)) return true;
    return false;
  }

  /** Starts to continue due runs. */
  begin(): void {
    this.#hasBegun = true;
    this.#pool?.begin();
    for (const engine of this.engines()) this.#begin(engine);
  }

  get activeRuns(): number {
    return this.engines().reduce((sum, engine) => sum + engine.activeRuns, 0);
  }

  /** The engines of the open databases. */
  engines(): Engine[] {
    // Asked for by the first engine too, while it is made.
    return [...new Set([this.main, ...this.#byId.values()])].filter((engine) => engine !== undefined);
  }

  /** Releases all runs: running attempts get `graceMs` to end. The stores can still be read after this. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#retry);
    await Promise.allSettled([this.#opened, ...this.#opening.values()]);
    await Promise.all(this.engines().map((engine) => engine.close(graceMs)));
    await this.#pool?.close();
    for (const stop of this.#stops) stop();
    await Promise.all(this.#mirrors.map((mirror) => mirror.stop()));
  }

  async close(): Promise<void> {
    await Promise.all(this.engines().map(({ store }) => store.close()));
  }

  #begin(engine: Engine): void {
    engine.begin();
    const { retentionMs } = this.#options;
    this.#stops.push(keepPruned(engine.store, retentionMs, this.#log));
  }

  #openOther(file: string, open: () => Promise<LocalStore>): Promise<Engine> {
    const known = this.#opening.get(file);
    if (known) return known;
    const opening = this.#openAndServe(file, open).finally(() => this.#opening.delete(file));
    this.#opening.set(file, opening);
    this.#pool?.updatePrivatePaths();
    return opening;
  }

  async #openAndServe(file: string, open: () => Promise<LocalStore>): Promise<Engine> {
    const store = await open();
    if (this.#stopping) {
      await store.close();
      throw shuttingDown();
    }
    const engine = this.#serve(store);
    this.#mirrors.push(new Mirror(store, this.main.store, engine.feed, this.#log, this.#options.heartbeatMs));
    this.#unopened.delete(file);
    this.#logged.delete(file);
    return engine;
  }

  #serve(store: LocalStore): Engine {
    const { rootDir, allowNetwork, heartbeatMs, staleAfterMs: staleMs, maxCrashes } = this.#options;
    const settings = {
      heartbeatMs,
      staleMs,
      maxCrashes,
      log: this.#log,
      monitor: this.#telemetry,
      places: this.#places,
    };
    const pool = this.#pool;
    const engine = pool
      ? engineOn(store, { ...settings, holderOf: (parts) => new RemoteHolder(pool, parts, settings) })
      : engineOn(store, {
          ...settings,
          rootDir,
          allowNetwork,
          fileRules: this.#fileRules(),
          resolveWorkflow: (run) => this.#loader.load(pathOf(run)),
        });
    if (this.#hasBegun) this.#begin(engine);
    this.#byId.set(store.id, engine);
    return engine;
  }

  #newPool(): WorkerPool {
    const { rootDir, allowNetwork, heartbeatMs, staleAfterMs: staleMs, maxCrashes, authToken, db } = this.#options;
    const { maxWorkers, workerTimeoutMs, workflows } = this.#options;
    const { privatePaths, ...files } = fileRulesOf(() => [], this.#fileRules());
    return new WorkerPool({
      rootDir,
      allowNetwork,
      heartbeatMs,
      staleMs,
      maxCrashes,
      isBounded: this.#places !== undefined,
      maxWorkers: maxWorkers ?? Math.max(2, availableParallelism()),
      workerTimeoutMs,
      files,
      workflows,
      privatePaths,
      secrets: [authToken, db].filter((secret) => typeof secret === "string"),
      log: this.#log,
      observer: this.#telemetry,
      openDatabase: async (dbPath) => identityOf((await this.#of({ dbPath })).store),
    });
  }

  #fileRules() {
    const { authTokenFile, readable, writable } = this.#options;
    return {
      privatePaths: () => [
        ...this.engines().flatMap(({ store }) => store.privateFiles),
        ...this.#opening.keys(),
        ...(authTokenFile === undefined ? [] : [authTokenFile]),
        ...this.#unopened.keys(),
      ],
      readable,
      writable,
    };
  }

  /** The engine of a workflow's database; undefined while it cannot be opened, which is retried from time to time. */
  async #engineAt(file: string): Promise<Engine | undefined> {
    if (!this.#byId.has(file) && !this.#unopened.has(file)) await this.#tryToOpen(file);
    return this.#byId.get(file);
  }

  /** Opens the databases that this server, or another server with the same main database, has recorded. */
  async #openKnown(): Promise<void> {
    try {
      await this.#own.noteMissing();
      const known = await this.main.store.maintenance.knownDatabases();
      await Promise.all(known.map(({ path }) => this.#engineAt(path)));
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
      await this.#openOther(file, () => this.#own.open(file));
    } catch (error) {
      const code = isSmithersError(error) ? error.code : undefined;
      if (code === "DB_NOT_TRUSTED") this.#logOnce(file, error);
      else if (!this.#unopened.has(file) && code !== "SERVER_CLOSING") {
        this.#log.error({ db: file, err: error }, "database of a workflow cannot be opened; will retry");
      }
      this.#unopened.set(file, error);
      this.#pool?.updatePrivatePaths();
    }
  }
}

function pathOf(run: Pick<Run, "runId" | "workflowPath">): string {
  if (run.workflowPath !== null) return run.workflowPath;
  throw new SmithersError("WORKFLOW_NOT_FOUND", `The run "${run.runId}" has no workflow file. Pass its workflowPath.`);
}
