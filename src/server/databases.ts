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
import type { ResolvedServerOptions } from "./options.ts";
import { filesWithToken } from "./token-files.ts";

/** The server's own database, and those that workflows name for themselves. An engine executes the runs of each. */
export class ServerDatabases {
  readonly main: Engine;
  /** Where runs are found. */
  readonly runs: RunDatabases<Engine>;
  readonly #options: ResolvedServerOptions;
  readonly #loader: Loader;
  readonly #log: Logger;
  readonly #telemetry: Telemetry;
  readonly #byId = new Map<string, Engine>();
  readonly #opening = new Map<string, Promise<Engine>>();
  /** Why a workflow's database that is known cannot be opened now. */
  readonly #unopened = new Map<string, unknown>();
  readonly #opened: Promise<void>;
  readonly #tokenFiles: readonly string[];
  readonly #stops: (() => void)[] = [];
  readonly #mirrors: Mirror[] = [];
  readonly #retry: ReturnType<typeof setInterval>;
  #begun = false;
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
    this.#tokenFiles = filesWithToken(options.authToken, [process.cwd(), options.rootDir]);
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
   * The engine for a workflow's new runs.
   * @throws a `DB_*` code when the workflow's own database cannot be used; SERVER_CLOSING
   */
  async of(workflow: Workflow): Promise<Engine> {
    if (workflow.dbPath === undefined) return this.main;
    const file = resolve(this.#options.rootDir, workflow.dbPath);
    return this.#byId.get(file) ?? this.#openOther(file);
  }

  /**
   * The run that a request under this key has started.
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

  /** Continues what is due. */
  begin(): void {
    this.#begun = true;
    for (const engine of this.engines()) this.#begin(engine);
  }

  get activeRuns(): number {
    return this.engines().reduce((sum, engine) => sum + engine.activeRuns, 0);
  }

  /** Those of the databases that are open. */
  engines(): Engine[] {
    return [...new Set([this.main, ...this.#byId.values()])];
  }

  /** Releases the runs: attempts may run for `graceMs` more. What is stored can still be read. */
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
    const opening = this.#openBeside(file).finally(() => this.#opening.delete(file));
    this.#opening.set(file, opening);
    return opening;
  }

  async #openBeside(file: string): Promise<Engine> {
    const store = await openStore(file, { synchronous: this.#options.synchronous });
    try {
      // Before a run is accepted into it: the next start must know where to look.
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
    const { rootDir, allowNetwork, heartbeatMs, staleAfterMs, maxCrashes } = this.#options;
    const engine = engineOn(store, {
      rootDir,
      allowNetwork,
      privatePaths: () => [...this.engines().flatMap(({ store }) => store.privateFiles), ...this.#tokenFiles],
      heartbeatMs,
      staleMs: staleAfterMs,
      maxCrashes,
      resolveWorkflow: (run) => this.#loader.load(pathOf(run)),
      log: this.#log,
      monitor: this.#telemetry,
    });
    if (this.#begun) this.#begin(engine);
    this.#byId.set(store.id, engine);
    return engine;
  }

  /** The engine of a workflow's database; undefined while it cannot be opened, which is tried again now and then. */
  async #engineAt(file: string): Promise<Engine | undefined> {
    if (!this.#byId.has(file) && !this.#unopened.has(file)) await this.#tryToOpen(file);
    return this.#byId.get(file);
  }

  /** Opens the databases that this server, or another one of the main database, has come to know. */
  async #openKnown(): Promise<void> {
    try {
      const known = await this.main.store.maintenance.knownDatabases();
      await Promise.all(known.map((file) => this.#engineAt(file)));
    } catch (error) {
      this.#log.warn({ err: error }, "The databases of workflows could not be looked up; it is tried again.");
    }
  }

  async #openAgain(): Promise<void> {
    await Promise.all([...this.#unopened.keys()].map((file) => this.#tryToOpen(file)));
    await this.#openKnown();
  }

  async #tryToOpen(file: string): Promise<void> {
    try {
      if (!existsSync(file)) throw new SmithersError("DB_UNAVAILABLE", "The workflow's own database is not there.");
      await this.#openOther(file);
    } catch (error) {
      if (!this.#unopened.has(file) && !(isSmithersError(error) && error.code === "SERVER_CLOSING")) {
        this.#log.error({ db: file, err: error }, "A workflow's database cannot be opened now; it is tried again.");
      }
      this.#unopened.set(file, error);
    }
  }
}

function pathOf(run: Run): string {
  if (run.workflowPath !== null) return run.workflowPath;
  throw new SmithersError(
    "WORKFLOW_NOT_FOUND",
    `The run "${run.runId}" names no workflow file; give its workflowPath.`,
  );
}
