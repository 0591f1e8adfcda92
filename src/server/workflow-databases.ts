import { existsSync } from "node:fs";
import type { OwnDatabases } from "../engine/databases/index.ts";
import { type Engine, type Logger, Mirror } from "../engine/index.ts";
import { isSmithersError, shuttingDown } from "../errors/index.ts";
import type { LocalStore } from "../store/index.ts";

export interface WorkflowDatabasesSettings {
  readonly own: OwnDatabases;
  readonly log: Logger;
  /** How often what could not be opened is tried again, and copies look for what is new, in ms. */
  readonly heartbeatMs: number;
  /** Creates the engine of a database that has been opened. */
  serve(store: LocalStore): Engine;
  /** Called when {@link WorkflowDatabases.privatePaths} are others than before. */
  onPrivatePaths(): void;
}

/** The databases that workflows name for themselves, by file. Opens them, and copies their runs to the main database. */
export class WorkflowDatabases {
  readonly #settings: WorkflowDatabasesSettings;
  /** The engines of the open databases, and of the main one, which workflows may name too. */
  readonly #engines = new Map<string, Engine>();
  readonly #opening = new Map<string, Promise<Engine>>();
  /** Known databases that cannot be opened now, with the error. */
  readonly #unopened = new Map<string, unknown>();
  /** Databases whose refusal the log has. */
  readonly #logged = new Set<string>();
  readonly #mirrors: Mirror[] = [];
  #main: Engine | undefined;
  #openedKnown: Promise<void> | undefined;
  #retry: ReturnType<typeof setInterval> | undefined;
  #stopping = false;

  constructor(settings: WorkflowDatabasesSettings) {
    this.#settings = settings;
  }

  /** Opens the known databases, and tries again from time to time to open those that cannot be. */
  begin(main: Engine): void {
    this.#main = main;
    this.#engines.set(main.store.id, main);
    this.#openedKnown = this.#openKnown(main);
    this.#retry = setInterval(() => void this.#openAgain(main), this.#settings.heartbeatMs);
    this.#retry.unref();
  }

  /** The engines of the open databases, that of the main one first. */
  engines(): Engine[] {
    return [...this.#engines.values()];
  }

  /** Files that tools must not see, although their databases are not open. */
  privatePaths(): string[] {
    return [...this.#opening.keys(), ...this.#unopened.keys()];
  }

  /** How many runs have not been copied to the main database. */
  get runsBehind(): number {
    return this.#mirrors.reduce((sum, { runsBehind }) => sum + runsBehind, 0);
  }

  /** Why a database cannot be opened now; undefined when it can. */
  refusal(file: string): unknown {
    return this.#unopened.get(file);
  }

  /** The engine of a database; undefined while it cannot be opened. */
  async engineAt(file: string): Promise<Engine | undefined> {
    if (!this.#engines.has(file) && !this.#unopened.has(file)) await this.#tryToOpen(file);
    return this.#engines.get(file);
  }

  /** The engine of a database, which is opened or created if necessary. @throws a `DB_*` code */
  async openOrCreate(file: string): Promise<Engine> {
    // A retry that looks for the file right now would not create it.
    if (!existsSync(file)) await this.#opening.get(file)?.catch(() => {});
    const known = this.#engines.get(file);
    if (known) return known;
    try {
      return await this.#open(file, () => this.#settings.own.openOrCreate(file));
    } catch (error) {
      if (isSmithersError(error) && error.code === "DB_NOT_TRUSTED") this.#logOnce(file, error);
      throw error;
    }
  }

  /** Opens no more databases, and waits for those that are being opened. */
  async settle(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#retry);
    await Promise.allSettled([this.#openedKnown, ...this.#opening.values()]);
  }

  /** Ends the copying, with what is stored now. */
  async stopCopying(): Promise<void> {
    await Promise.all(this.#mirrors.map((mirror) => mirror.stop()));
  }

  /** Logs that a database is not used; once, because a client may ask for it again and again. */
  #logOnce(file: string, error: unknown): void {
    if (this.#logged.has(file)) return;
    this.#logged.add(file);
    this.#settings.log.error({ db: file, err: error }, "database of a workflow is not used");
  }

  #open(file: string, open: () => Promise<LocalStore>): Promise<Engine> {
    const known = this.#opening.get(file);
    if (known) return known;
    const opening = this.#openAndServe(file, open).finally(() => this.#opening.delete(file));
    this.#opening.set(file, opening);
    this.#settings.onPrivatePaths();
    return opening;
  }

  async #openAndServe(file: string, open: () => Promise<LocalStore>): Promise<Engine> {
    const store = await open();
    if (this.#stopping) {
      await store.close();
      throw shuttingDown();
    }
    const { serve, log, heartbeatMs } = this.#settings;
    const engine = serve(store);
    this.#engines.set(store.id, engine);
    this.#mirrors.push(new Mirror(store, this.#main!.store, engine.feed, log, heartbeatMs));
    this.#unopened.delete(file);
    this.#logged.delete(file);
    return engine;
  }

  /** Opens the databases that this server, or another server with the same main database, has recorded. */
  async #openKnown(main: Engine): Promise<void> {
    try {
      await this.#settings.own.noteMissing();
      const known = await main.store.maintenance.knownDatabases();
      await Promise.all(known.map(({ path }) => this.engineAt(path)));
    } catch (error) {
      this.#settings.log.warn({ err: error }, "known databases of workflows could not be read; will retry");
    }
  }

  async #openAgain(main: Engine): Promise<void> {
    await Promise.all([...this.#unopened.keys()].map((file) => this.#tryToOpen(file)));
    await this.#openKnown(main);
  }

  async #tryToOpen(file: string): Promise<void> {
    try {
      await this.#open(file, () => this.#settings.own.open(file));
    } catch (error) {
      const code = isSmithersError(error) ? error.code : undefined;
      if (code === "DB_NOT_TRUSTED") this.#logOnce(file, error);
      else if (!this.#unopened.has(file) && code !== "SERVER_CLOSING") {
        this.#settings.log.error({ db: file, err: error }, "database of a workflow cannot be opened; will retry");
      }
      this.#unopened.set(file, error);
      this.#settings.onPrivatePaths();
    }
  }
}
