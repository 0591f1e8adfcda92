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
import { type Decision, openStore, type Store } from "../../store/index.ts";
import { sleep } from "../../timing/index.ts";
import { shellWords } from "../terminal/format.ts";
import { shortPath } from "./find-database.ts";
import type { RunsQuery, Source } from "./source.ts";

const pageSize = 256;
/** How soon a write of another process is seen. */
const lookMs = 50;
/** A server notices within milliseconds; one that is busy gets this long. */
const takenInWithinMs = 1_500;

/** A run, and the store that it lives in. */
export interface HeldRun {
  readonly store: Store;
  readonly run: Run;
}

/** A database file; also those that its workflows have named for themselves. */
export class DatabaseSource implements Source {
  readonly kind = "database";
  readonly resume = undefined;
  readonly name: string;
  readonly store: Store;
  /** What workflow paths are relative to: the database's folder, unless somebody names another. */
  readonly rootDir: string;
  /** Databases further up, which are not read. */
  readonly #further: readonly string[];
  readonly #others = new Map<string, Store>();
  readonly #engines = new Map<Store, Engine>();

  /**
   * @param database a file, which must exist, or a store that is open
   * @param further databases that somebody may have meant instead
   * @throws DB_NOT_FOUND, DB_NOT_A_DATABASE, DB_TOO_NEW and other `DB_*` codes
   */
  constructor(database: string | Store, rootDir?: string, further: readonly string[] = []) {
    this.store = typeof database === "string" ? openStore(database, { existing: true }) : database;
    this.name = this.store.filename;
    this.rootDir = rootDir ?? dirname(this.name);
    this.#further = further;
  }

  /**
   * Finds a run where it lives, which may be a database that its workflow has named.
   * @throws RUN_NOT_FOUND
   */
  async holds(runId: string): Promise<HeldRun> {
    const run = await this.store.findRun(runId);
    if (run && run.home === null) return { store: this.store, run };
    const homes = run?.home ? [run.home] : await this.store.maintenance.knownDatabases();
    for (const home of homes) {
      const store = this.#other(home);
      const found = await store?.findRun(runId);
      if (store && found) return { store, run: found };
    }
    // A copy whose own database is gone can still be read.
    if (run) return { store: this.store, run };
    throw noSuchRun(runId);
  }

  /** Its own store, and those of the databases that workflows have named, where their files are. */
  async allStores(): Promise<Store[]> {
    const others = await this.store.maintenance.knownDatabases();
    return [this.store, ...others.flatMap((file) => this.#other(file) ?? [])];
  }

  async runIdsLike(part: string, limit: number): Promise<string[]> {
    return this.store.runIdsLike(part, limit);
  }

  async elsewhere(runId: string): Promise<string | undefined> {
    for (const file of this.#further) {
      // One that cannot be opened is none that was meant.
      const found = await Promise.try(() => this.#other(file)?.findRun(runId)).catch(() => undefined);
      if (found) return shellWords(["--db", shortPath(file)]);
    }
    return undefined;
  }

  async listRuns(query: RunsQuery): Promise<RunListItem[]> {
    const { runs } = await this.store.listRuns(query);
    return Promise.all(runs.map(async (run) => toRunListItem(run, await healthOf(this.store, run))));
  }

  async findRun(runId: string): Promise<RunDetail> {
    const { store, run } = await this.holds(runId);
    const [state, summary, output] = await Promise.all([
      healthOf(store, run),
      store.countNodes(runId),
      store.lastOutput(run),
    ]);
    return toRunDetail(run, state, summary, output);
  }

  async listNodes(runId: string): Promise<NodeItem[]> {
    const { store } = await this.holds(runId);
    const [nodes, outputs] = await Promise.all([store.nodesOf(runId), store.outputsOf(runId)]);
    return toNodeItems(nodes, outputs);
  }

  async *events(runId: string, afterSeq: number, follow: boolean): AsyncGenerator<RunEvent> {
    const { store } = await this.holds(runId);
    let seq = afterSeq;
    for (;;) {
      const version = await store.dataVersion();
      const page = await store.eventsAfter(runId, seq, pageSize);
      for (const { seq, json } of page) yield { ...JSON.parse(json), seq };
      seq = page.at(-1)?.seq ?? seq;
      if (page.length === pageSize) continue;
      if (!follow || (await isOver(store, runId))) return;
      while ((await store.dataVersion()) === version) await sleep(lookMs);
    }
  }

  async listFrames(runId: string, afterFrameNo: number, limit: number): Promise<Frame[]> {
    const { store } = await this.holds(runId);
    return (await store.framesAfter(runId, afterFrameNo, limit)).frames;
  }

  async listApprovals(runId: string): Promise<ApprovalItem[]> {
    const { store, run } = await this.holds(runId);
    const approvals = await store.approvalsOf(runId);
    const nowMs = Date.now();
    return approvals
      .filter(({ status }) => status === "requested")
      .sort((a, b) => a.requestedAtMs - b.requestedAtMs)
      .map((approval) => toApprovalItem({ ...approval, workflowName: run.workflowName, runStatus: run.status }, nowMs));
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

  #other(file: string): Store | undefined {
    const known = this.#others.get(file);
    if (known || !existsSync(file)) return known;
    const store = openStore(file, { existing: true });
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

async function healthOf(store: Store, run: Run): Promise<RunHealth> {
  return deriveRunHealth(run, await store.healthSignals(run), Date.now());
}

/** A failed run that was resumed has events after a terminal one. */
async function isOver(store: Store, runId: string): Promise<boolean> {
  const last = await store.lastEvent(runId);
  return last !== undefined && isTerminalEvent(last.type);
}
