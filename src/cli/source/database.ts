import { existsSync } from "node:fs";
import { dirname } from "node:path";
import {
  type ApprovalItem,
  type NodeItem,
  type RunDetail,
  type RunListItem,
  type SignalAnswer,
  type SignalBody,
  toApprovalItem,
  toNodeItems,
  toRunDetail,
  toRunListItem,
} from "../../api/index.ts";
import type { RunEvent } from "../../client/index.ts";
import type { Engine } from "../../engine/index.ts";
import { noSuchRun } from "../../errors/index.ts";
import { deriveRunHealth, type Frame, hasEnded, isTerminalEvent, type Run, type RunHealth } from "../../model/index.ts";
import { type Decision, type LocalStore, openStore, type RunSnapshot, type Store } from "../../store/index.ts";
import { afterMs, sleep } from "../../timing/index.ts";
import { shellWords } from "../terminal/format.ts";
import { shortPath } from "./find-database.ts";
import type { RunsQuery, Source } from "./source.ts";

const pageSize = 256;
/** How often a run is looked at until it is taken in. */
const lookMs = 50;
/** After this long, what is stored is read again without a hint that it has changed. */
const missedMs = 1_000;
/** A server notices within milliseconds; one that is busy gets this long. */
const takenInWithinMs = 1_500;

/** The database that a run lives in, and what was read of the run there. */
export type HeldRun<T> = T & { readonly store: LocalStore /** The database's file. */; readonly file: string };

/** What is read of a run: at least its row. */
interface ReadRun {
  readonly run: Run;
}

/** A database file; also those that its workflows have named for themselves. */
export class DatabaseSource implements Source {
  readonly kind = "database";
  readonly resume = undefined;
  readonly name: string;
  readonly store: LocalStore;
  /** What workflow paths are relative to: the database's folder, unless somebody names another. */
  readonly rootDir: string;
  /** Databases further up, which are not read. */
  readonly #further: readonly string[];
  readonly #others = new Map<string, LocalStore>();
  readonly #engines = new Map<Store, Engine>();

  /**
   * Opens a database file, which must exist.
   * @param further databases that may have been meant instead
   * @throws DB_NOT_FOUND, DB_NOT_A_DATABASE, DB_TOO_NEW and other `DB_*` codes
   */
  static async open(file: string, rootDir?: string, further: readonly string[] = []): Promise<DatabaseSource> {
    const store = await openStore(file, { existing: true });
    return new DatabaseSource(store, file, rootDir, further);
  }

  /** @param file where `store`, which is open, has its database */
  constructor(store: LocalStore, file: string, rootDir = dirname(file), further: readonly string[] = []) {
    this.store = store;
    this.name = file;
    this.rootDir = rootDir;
    this.#further = further;
  }

  /**
   * Reads a run where it lives, which may be a database that its workflow has named.
   * @param read reads the run, and what belongs to it, from one database
   * @throws RUN_NOT_FOUND
   */
  async find<T extends ReadRun>(runId: string, read: (store: Store) => Promise<T | undefined>): Promise<HeldRun<T>> {
    const here = await read(this.store);
    const own = here && { ...here, store: this.store, file: this.name };
    if (own?.run.home === null) return own;
    const homes = own?.run.home ? [own.run.home] : await this.store.maintenance.knownDatabases();
    for (const file of homes) {
      const store = await this.#other(file);
      const found = store && (await read(store));
      if (found) return { ...found, store, file };
    }
    // A copy whose own database is gone can still be read.
    if (own) return own;
    throw noSuchRun(runId);
  }

  /** Finds a run where it lives; see {@link find}. */
  holds(runId: string): Promise<HeldRun<ReadRun>> {
    return this.find(runId, async (store) => {
      const run = await store.findRun(runId);
      return run && { run };
    });
  }

  /** Its own store, and those of the databases that workflows have named, where their files are. */
  async allStores(): Promise<Store[]> {
    const all = [this.store];
    for (const file of await this.store.maintenance.knownDatabases()) {
      const store = await this.#other(file);
      if (store) all.push(store);
    }
    return all;
  }

  async runIdsLike(part: string, limit: number): Promise<string[]> {
    return this.store.runIdsLike(part, limit);
  }

  async runIdsSharing(parts: readonly string[]): Promise<string[]> {
    return this.store.runIdsSharing(parts);
  }

  async elsewhere(runId: string): Promise<string | undefined> {
    for (const file of this.#further) {
      // One that cannot be opened is none that was meant.
      const found = await this.#other(file)
        .then((store) => store?.findRun(runId))
        .catch(() => undefined);
      if (found) return shellWords(["--db", shortPath(file)]);
    }
    return undefined;
  }

  async listRuns(query: RunsQuery): Promise<RunListItem[]> {
    const { runs } = await this.store.listRuns(query);
    return runs.map((snapshot) => toRunListItem(snapshot.run, healthOf(snapshot)));
  }

  async findRun(runId: string): Promise<RunDetail> {
    const found = await this.find(runId, (store) => store.readRunDetail(runId));
    return toRunDetail(found.run, healthOf(found), found.nodeCounts, found.output);
  }

  async listNodes(runId: string): Promise<NodeItem[]> {
    const { nodes, outputs } = await this.find(runId, (store) => store.readNodes(runId));
    return toNodeItems(nodes, outputs);
  }

  async *events(runId: string, afterSeq: number, follow: boolean): AsyncGenerator<RunEvent> {
    const { store } = await this.holds(runId);
    const changes = new Changes(store);
    try {
      for (let seq = afterSeq; ; ) {
        const page = await store.eventsAfter(runId, seq, pageSize);
        for (const { seq, json } of page) yield { ...JSON.parse(json), seq };
        seq = page.at(-1)?.seq ?? seq;
        if (page.length === pageSize) continue;
        if (!follow || (await isOver(store, runId))) return;
        await changes.next();
      }
    } finally {
      changes.stop();
    }
  }

  async listFrames(runId: string, afterFrameNo: number, limit: number): Promise<Frame[]> {
    const { frames } = await this.find(runId, (store) => store.readFrames(runId, afterFrameNo, limit));
    return [...frames];
  }

  async listApprovals(runId: string): Promise<ApprovalItem[]> {
    const { store } = await this.holds(runId);
    const approvals = await store.pendingApprovals({ runId, limit: Number.MAX_SAFE_INTEGER });
    const nowMs = Date.now();
    return approvals.map((approval) => toApprovalItem(approval, nowMs));
  }

  async decide(decision: Decision): Promise<void> {
    const { store } = await this.holds(decision.runId);
    await store.decide(decision, Date.now());
  }

  async signal(runId: string, name: string, body: SignalBody): Promise<SignalAnswer> {
    const { store } = await this.holds(runId);
    const engine = await this.#engineOf(store);
    const { seq, correlationId, receivedAtMs } = await engine.signal({ ...body, runId, name });
    return { runId, signalName: name, seq, correlationId, receivedAtMs };
  }

  async cancel(runId: string): Promise<void> {
    const { store } = await this.holds(runId);
    await (await this.#engineOf(store)).cancel(runId);
  }

  async isTakenIn(runId: string): Promise<boolean> {
    const { store } = await this.holds(runId);
    for (let leftMs = takenInWithinMs; leftMs > 0; leftMs -= lookMs) {
      const run = await store.findRun(runId);
      if (!run || hasEnded(run.status) || run.inboxNo <= run.takenNo) return true;
      await sleep(lookMs);
    }
    return false;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#engines.values()].map((engine) => engine.close(0)));
    await Promise.all([this.store, ...this.#others.values()].map((store) => store.close()));
  }

  async #other(file: string): Promise<LocalStore | undefined> {
    const known = this.#others.get(file);
    if (known || !existsSync(file)) return known;
    const store = await openStore(file, { existing: true });
    this.#others.set(file, store);
    return store;
  }

  /** An engine that records what others are to execute. */
  async #engineOf(store: Store): Promise<Engine> {
    const known = this.#engines.get(store);
    if (known) return known;
    const [{ Engine }, { loadWorkflow }] = await Promise.all([
      import("../../engine/index.ts"),
      import("../load-workflow.ts"),
    ]);
    const engine = new Engine({
      store,
      scope: "none",
      rootDir: this.rootDir,
      allowNetwork: false,
      resolveWorkflow: (run) => loadWorkflow(this.rootDir, run),
    });
    this.#engines.set(store, engine);
    return engine;
  }
}

function healthOf({ run, healthSignals }: RunSnapshot): RunHealth {
  return deriveRunHealth(run, healthSignals, Date.now());
}

/** Waits for what other connections commit. */
class Changes {
  readonly stop: () => void;
  #isChanged = false;
  #wake = () => {};

  constructor(store: Store) {
    this.stop = store.watch(() => {
      this.#isChanged = true;
      this.#wake();
    });
  }

  /** Resolves once something has changed since this resolved last; or after a while, for a store's hint may be missed. */
  async next(): Promise<void> {
    if (!this.#isChanged) {
      await new Promise<void>((resolve) => {
        const cancelMissed = afterMs(missedMs, resolve);
        this.#wake = () => {
          cancelMissed();
          resolve();
        };
      });
    }
    this.#isChanged = false;
  }
}

/** A failed run that was resumed has events after a terminal one. */
async function isOver(store: Store, runId: string): Promise<boolean> {
  const last = await store.lastEvent(runId);
  return last !== undefined && isTerminalEvent(last.type);
}
