import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { OwnDatabases } from "../engine/databases/index.ts";
import {
  type Engine,
  engineOn,
  fileRulesOf,
  keepPruned,
  type Logger,
  Places,
  type RunRequest,
} from "../engine/index.ts";
import { noSuchRun, runExists, SmithersError, shuttingDown } from "../errors/index.ts";
import { databaseFileOf, type Workflow } from "../jsx/index.ts";
import { inputSchemaOf, type Loader, workflowNameOf } from "../loader/index.ts";
import type { BlockingRun, Run } from "../model/index.ts";
import { RunDatabases } from "../runs/index.ts";
import { type Idempotency, type LocalStore, openStore } from "../store/index.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { defaultWorkerMemoryMb, identityOf, RemoteHolder, WorkerPool } from "../workers/index.ts";
import type { ResolvedServerOptions } from "./options.ts";
import { WorkflowDatabases } from "./workflow-databases.ts";

/**
 * The server's own database, and those that workflows name for themselves. Each has an engine that executes its runs.
 */
export class ServerDatabases {
  readonly main: Engine;
  /** Finds runs in these databases. */
  readonly runs: RunDatabases<Engine>;
  /** The databases that are open, the main one among them. */
  readonly #databases: WorkflowDatabases;
  readonly #options: ResolvedServerOptions;
  readonly #loader: Loader;
  /** What executes the runs; undefined when this process does. */
  readonly #pool: WorkerPool | undefined;
  /** The places for attempts; undefined when there is no bound. */
  readonly #places: Places | undefined;
  readonly #log: Logger;
  readonly #telemetry: Telemetry;
  readonly #stops: (() => void)[] = [];
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
    this.#options = options;
    this.#loader = loader;
    this.#log = options.logger;
    this.#telemetry = telemetry;
    this.#places = options.maxConcurrency === undefined ? undefined : new Places(options.maxConcurrency);
    this.#databases = new WorkflowDatabases({
      own,
      log: options.logger,
      heartbeatMs: options.heartbeatMs,
      serve: (store) => this.#serve(store),
      onPrivatePaths: () => this.#pool?.updatePrivatePaths(),
    });
    this.#pool = options.isolation === "process" ? this.#newPool() : undefined;
    this.main = this.#serve(main);
    this.runs = new RunDatabases(this.main, {
      open: (file) => this.#databases.engineAt(file),
      refuseCopy: ({ runId, home }) => {
        throw this.#databases.refusal(home!) ?? noSuchRun(runId);
      },
    });
    this.#databases.begin(this.main);
    telemetry.observe(() => ({
      engines: this.engines(),
      queuedAttempts: this.#places?.queued ?? 0,
      runsBehind: this.#databases.runsBehind,
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
    return this.#databases.openOrCreate(resolve(this.#options.rootDir, own));
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
    return this.#databases.engines();
  }

  /** Releases all runs: running attempts get `graceMs` to end. The stores can still be read after this. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    await this.#databases.settle();
    await Promise.all(this.engines().map((engine) => engine.close(graceMs)));
    await this.#pool?.close();
    for (const stop of this.#stops) stop();
    await this.#databases.stopCopying();
  }

  async close(): Promise<void> {
    await Promise.all(this.engines().map(({ store }) => store.close()));
  }

  #begin(engine: Engine): void {
    engine.begin();
    const { retentionMs } = this.#options;
    this.#stops.push(keepPruned(engine.store, retentionMs, this.#log));
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
    return engine;
  }

  #newPool(): WorkerPool {
    const { rootDir, allowNetwork, heartbeatMs, staleAfterMs: staleMs, maxCrashes, authToken, db } = this.#options;
    const { maxWorkers, workerTimeoutMs, workerMemoryMb, workflows } = this.#options;
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
      workerMemoryMb: workerMemoryMb ?? defaultWorkerMemoryMb(),
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
        ...this.#databases.privatePaths(),
        ...(authTokenFile === undefined ? [] : [authTokenFile]),
      ],
      readable,
      writable,
    };
  }
}

function pathOf(run: Pick<Run, "runId" | "workflowPath">): string {
  if (run.workflowPath !== null) return run.workflowPath;
  throw new SmithersError("WORKFLOW_NOT_FOUND", `The run "${run.runId}" has no workflow file. Pass its workflowPath.`);
}
