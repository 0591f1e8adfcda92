import { existsSync } from "node:fs";
import type { ApprovalItem, NodeItem, RunDetail, RunListItem, SignalAnswer, SignalBody } from "../../api/index.ts";
import type { RunEvent } from "../../client/index.ts";
import { OwnDatabases } from "../../engine/databases/index.ts";
import type { Engine } from "../../engine/index.ts";
import { isSmithersError, type SmithersError } from "../../errors/index.ts";
import { type Frame, hasEnded } from "../../model/index.ts";
import { RunDatabases, type RunOverview, RunReader } from "../../runs/index.ts";
import { type Decision, type LocalStore, openStore, type Store } from "../../store/index.ts";
import { withoutPassword } from "../../store/postgres/url.ts";
import { sleep } from "../../timing/index.ts";
import { shellWords } from "../terminal/format.ts";
import { databaseFolder, shortPath } from "./find-database.ts";
import type { FoundNode, RunsQuery, Source } from "./source.ts";
import { storedEvents, toRunEvent } from "./stored-events.ts";

/** Time between two checks whether a run has taken in what was recorded for it. */
const pollMs = 50;
/** A server notices within milliseconds; a busy one gets this long. */
const takenInWithinMs = 1_500;

/** An open database, and its file. */
export interface DatabaseFile {
  readonly store: LocalStore;
  readonly file: string;
}

/** A database file, together with the databases that its workflows name for themselves. */
export class DatabaseSource implements Source {
  readonly kind = "database";
  readonly resume = undefined;
  readonly retry = undefined;
  readonly name: string;
  readonly store: LocalStore;
  /** Folder that workflow paths are relative to. Default: the database's folder. */
  readonly rootDir: string;
  /** Databases in folders further up, which are not read. */
  readonly #further: readonly string[];
  readonly #databases: RunDatabases<DatabaseFile>;
  readonly #reader: RunReader;
  readonly #others = new Map<string, Promise<DatabaseFile>>();
  readonly #refused = new Map<string, SmithersError>();
  readonly #engines = new Map<Store, Engine>();
  /** The databases that workflows name, as this one knows them. */
  readonly own: OwnDatabases;

  /**
   * Opens a database file, which must exist.
   * @param further databases that may have been meant instead
   * @throws DB_NOT_FOUND, DB_NOT_A_DATABASE, DB_TOO_NEW and other `DB_*` codes
   */
  static async open(file: string, rootDir?: string, further: readonly string[] = []): Promise<DatabaseSource> {
    const store = await openStore(file, { existing: true });
    return new DatabaseSource(store, file, rootDir, further);
  }

  /** @param file the file of `store`, which is already open */
  constructor(store: LocalStore, file: string, rootDir = databaseFolder(file), further: readonly string[] = []) {
    this.store = store;
    this.name = withoutPassword(file);
    this.rootDir = rootDir;
    this.own = new OwnDatabases(store, { rootDir });
    this.#further = further;
    this.#databases = new RunDatabases<DatabaseFile>(
      { store, file },
      {
        open: (other) => this.#own(other),
        refuseCopy: ({ home }) => {
          const error = this.#refused.get(home!);
          if (error) throw error;
        },
      },
    );
    this.#reader = new RunReader(this.#databases);
  }

  /**
   * Finds a run's database, which may be one that its workflow names.
   * @throws RUN_NOT_FOUND
   */
  async locate(runId: string): Promise<DatabaseFile> {
    return (await this.#databases.locate(runId)).database;
  }

  /** Its own store, and the stores of existing databases that workflows name. */
  async allStores(): Promise<Store[]> {
    return (await this.#databases.all()).map(({ store }) => store);
  }

  async runIdsLike(part: string, limit: number): Promise<string[]> {
    return this.store.runIdsLike(part, limit);
  }

  async runIdsSharing(parts: readonly string[]): Promise<string[]> {
    return this.store.runIdsSharing(parts);
  }

  async elsewhere(runId: string): Promise<string | undefined> {
    for (const file of this.#further) {
      // A database that cannot be opened was not meant.
      const found = await this.#other(file, () => openStore(file, { existing: true }))
        .then((other) => other?.store.findRun(runId))
        .catch(() => undefined);
      if (found) return shellWords(["--db", shortPath(file)]);
    }
    return undefined;
  }

  async listRuns(query: RunsQuery): Promise<RunListItem[]> {
    return (await this.#reader.runs(query)).runs;
  }

  findRun(runId: string): Promise<RunDetail> {
    return this.#reader.run(runId);
  }

  overview(runId: string): Promise<RunOverview> {
    return this.#reader.overview(runId);
  }

  listNodes(runId: string): Promise<NodeItem[]> {
    return this.#reader.allNodes(runId);
  }

  async findNode(runId: string, nodeId: string, iteration: number): Promise<FoundNode> {
    const { node, stack } = await this.#reader.node(runId, nodeId, iteration);
    const events = await this.#reader.eventsOfNode(runId, nodeId, iteration);
    return { node, events: events.map(toRunEvent), stack };
  }

  async *events(runId: string, afterSeq: number, follow: boolean): AsyncGenerator<RunEvent> {
    const { store } = await this.locate(runId);
    yield* storedEvents(store, runId, afterSeq, follow);
  }

  async listFrames(runId: string, afterFrameNo: number, limit: number): Promise<Frame[]> {
    return (await this.#reader.frames(runId, { order: "asc", afterFrameNo, limit })).frames;
  }

  listApprovals(runId: string): Promise<ApprovalItem[]> {
    return this.#reader.approvalsOf(runId);
  }

  async decide(decision: Decision): Promise<void> {
    const { store } = await this.locate(decision.runId);
    await store.decide(decision, Date.now());
  }

  async signal(runId: string, name: string, body: SignalBody): Promise<SignalAnswer> {
    const { store } = await this.locate(runId);
    const engine = await this.#engineOf(store);
    const { seq, correlationId, receivedAtMs } = await engine.signal({ ...body, runId, name });
    return { runId, signalName: name, seq, correlationId, receivedAtMs };
  }

  async cancel(runId: string): Promise<void> {
    const { store } = await this.locate(runId);
    await (await this.#engineOf(store)).cancel(runId);
  }

  async isTakenIn(runId: string): Promise<boolean> {
    const { store } = await this.locate(runId);
    for (let leftMs = takenInWithinMs; leftMs > 0; leftMs -= pollMs) {
      const run = await store.findRun(runId);
      if (!run || hasEnded(run.status) || run.inboxNo <= run.takenNo) return true;
      await sleep(pollMs);
    }
    return false;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#engines.values()].map((engine) => engine.close(0)));
    const others = await Promise.all(this.#others.values());
    await Promise.all([this, ...others].map(({ store }) => store.close()));
  }

  /** A database that a workflow names; undefined when it does not exist, or is not the one that was recorded. */
  async #own(file: string): Promise<DatabaseFile | undefined> {
    try {
      return await this.#other(file, () => this.own.open(file));
    } catch (error) {
      if (!isSmithersError(error) || error.code !== "DB_NOT_TRUSTED") throw error;
      this.#refused.set(file, error);
      return undefined;
    }
  }

  async #other(file: string, open: () => Promise<LocalStore>): Promise<DatabaseFile | undefined> {
    if (!this.#others.has(file) && existsSync(file)) {
      const opening = open().then((store) => ({ store, file }));
      // A database that is locked now may be open later.
      opening.catch(() => this.#others.delete(file));
      this.#others.set(file, opening);
    }
    return this.#others.get(file);
  }

  /** Creates an engine that only records what another process will execute. */
  async #engineOf(store: LocalStore): Promise<Engine> {
    const known = this.#engines.get(store);
    if (known) return known;
    const [{ engineOn }, { loadWorkflow }] = await Promise.all([
      import("../../engine/index.ts"),
      import("../load-workflow.ts"),
    ]);
    const engine = engineOn(store, {
      scope: "none",
      rootDir: this.rootDir,
      allowNetwork: false,
      resolveWorkflow: (run) => loadWorkflow(this.rootDir, run),
    });
    this.#engines.set(store, engine);
    return engine;
  }
}
