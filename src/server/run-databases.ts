import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Engine, keepPruned, type Logger, Mirror } from "../engine/index.ts";
import { isSmithersError, noSuchRun, SmithersError, shuttingDown } from "../errors/index.ts";
import type { Workflow } from "../jsx/index.ts";
import type { Loader } from "../loader/index.ts";
import type { Run } from "../model/index.ts";
import { type Idempotency, type LocalStore, openStore, type RunSnapshot, type Store } from "../store/index.ts";
import type { Telemetry } from "../telemetry/index.ts";
import type { ResolvedServerOptions } from "./options.ts";
import { filesWithToken } from "./token-files.ts";

/** Where runs live: the server's own database, and those that workflows name for themselves. One engine each. */
export class RunDatabases {
  readonly main: Engine;
  readonly #options: ResolvedServerOptions;
  readonly #loader: Loader;
  readonly #log: Logger;
  readonly #telemetry: Telemetry;
  readonly #byId = new Map<string, Engine>();
  readonly #opening = new Map<string, Promise<Engine>>();
  /** Why a workflow's database that is known cannot be opened now. */
  readonly #unopened = new Map<string, unknown>();
  readonly #opened: Promise<boolean>;
  readonly #tokenFiles: readonly string[];
  readonly #stops: (() => void)[] = [];
  readonly #mirrors: Mirror[] = [];
  readonly #retry: ReturnType<typeof setInterval>;
  #begun = false;
  #stopping = false;

  /** @throws a `DB_*` code when the server's own database cannot be used */
  static async open(options: ResolvedServerOptions, loader: Loader, telemetry: Telemetry): Promise<RunDatabases> {
    const { db = resolve(options.rootDir, "smithers.db"), synchronous } = options;
    return new RunDatabases(await openStore(db, { synchronous }), options, loader, telemetry);
  }

  private constructor(main: LocalStore, options: ResolvedServerOptions, loader: Loader, telemetry: Telemetry) {
    this.#options = options;
    this.#loader = loader;
    this.#log = options.logger;
    this.#telemetry = telemetry;
    this.#tokenFiles = filesWithToken(options.authToken, [process.cwd(), options.rootDir]);
    this.main = this.#serve(main);
    this.#opened = this.#openKnown();
    this.#retry = setInterval(() => void this.#openAgain(), options.heartbeatMs);
    this.#retry.unref();
    telemetry.observe(() => ({
      engines: this.all(),
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
   * Reads a run where it lives.
   * @param read reads the run, and what belongs to it, from one database
   * @returns what was read, and the engine of that database
   * @throws RUN_NOT_FOUND, or a `DB_*` code when it lives in a database that cannot be opened now
   */
  async find<T extends ReadRun>(runId: string, read: ReadFrom<T>): Promise<T & { engine: Engine }> {
    await this.#opened;
    const found = await this.#search(read);
    if (found) return found;
    // Another server may have opened a workflow's database a moment ago.
    const again = (await this.#openKnown()) && (await this.#search(read));
    if (again) return again;
    const home = (await this.main.store.findRun(runId))?.home;
    if (home && this.#unopened.has(home)) throw this.#unopened.get(home);
    throw noSuchRun(runId);
  }

  async #search<T extends ReadRun>(read: ReadFrom<T>): Promise<(T & { engine: Engine }) | undefined> {
    for (const engine of this.all()) {
      const found = await read(engine.store);
      if (found?.run.home === null) return { ...found, engine };
    }
    return undefined;
  }

  /**
   * The run that a request under this key has started.
   * @throws IDEMPOTENCY_KEY_REUSED
   */
  async findStarted(idempotency: Idempotency): Promise<string | undefined> {
    await this.#opened;
    for (const { store } of this.all()) {
      const runId = await store.findStarted(idempotency, Date.now());
      if (runId !== undefined) return runId;
    }
    return undefined;
  }

  async has(runId: string): Promise<boolean> {
    await this.#opened;
    for (const { store } of this.all()) if (await store.findRun(runId)) return true;
    return false;
  }

  /** Continues what is due. */
  begin(): void {
    this.#begun = true;
    for (const engine of this.all()) this.#begin(engine);
  }

  /** The listed runs as they stand where they live: copies in the server's own database may be a moment behind. */
  async current(listed: readonly RunSnapshot[]): Promise<RunSnapshot[]> {
    const current = new Map<string, RunSnapshot>();
    for (const home of new Set(listed.map(({ run }) => run.home))) {
      const store = home === null ? undefined : this.#byId.get(home)?.store;
      const copies = listed.filter(({ run }) => run.home === home).map(({ run }) => run.runId);
      for (const snapshot of (await store?.readRuns(copies)) ?? []) current.set(snapshot.run.runId, snapshot);
    }
    return listed.map((snapshot) => current.get(snapshot.run.runId) ?? snapshot);
  }

  get activeRuns(): number {
    return this.all().reduce((sum, engine) => sum + engine.activeRuns, 0);
  }

  all(): Engine[] {
    return [...new Set([this.main, ...this.#byId.values()])];
  }

  /** Lets go of the runs: attempts may go on for `graceMs`. What is stored can still be read. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#retry);
    await Promise.allSettled([this.#opened, ...this.#opening.values()]);
    await Promise.all(this.all().map((engine) => engine.close(graceMs)));
    for (const stop of this.#stops) stop();
    await Promise.all(this.#mirrors.map((mirror) => mirror.stop()));
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map(({ store }) => store.close()));
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
    const engine = new Engine({
      store,
      rootDir,
      allowNetwork,
      privatePaths: () => [...this.all().flatMap(({ store }) => store.privateFiles), ...this.#tokenFiles],
      heartbeatMs,
      staleMs: staleAfterMs,
      maxCrashes,
      resolveWorkflow: (run) => this.#loader.load(pathOf(run)),
      log: this.#log,
      observer: this.#telemetry.observer,
    });
    this.#telemetry.watch(engine);
    this.#telemetry.watchStore(store);
    if (this.#begun) this.#begin(engine);
    this.#byId.set(store.id, engine);
    return engine;
  }

  /** Opens those that this server, or another one of this database, has come to know; tells whether there was a new one. */
  async #openKnown(): Promise<boolean> {
    try {
      const known = await this.main.store.maintenance.knownDatabases();
      const unseen = known.filter((file) => !this.#byId.has(file) && !this.#unopened.has(file));
      await Promise.all(unseen.map((file) => this.#tryToOpen(file)));
      return unseen.length > 0;
    } catch (error) {
      this.#log.warn({ err: error }, "The databases of workflows could not be looked up; it is tried again.");
      return false;
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

/** What is read of a run: at least its row. */
interface ReadRun {
  readonly run: Run;
}

type ReadFrom<T> = (store: Store) => Promise<T | undefined>;

function pathOf(run: Run): string {
  if (run.workflowPath !== null) return run.workflowPath;
  throw new SmithersError(
    "WORKFLOW_NOT_FOUND",
    `The run "${run.runId}" names no workflow file; give its workflowPath.`,
  );
}
