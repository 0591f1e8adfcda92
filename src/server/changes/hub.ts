import type { RunListItem } from "../../api/index.ts";
import type { Engine, Logger } from "../../engine/index.ts";
import type { EventType } from "../../model/index.ts";
import type { RunReader } from "../../runs/index.ts";

/** What has changed since the last call. Runs are in no particular order. */
export interface Changes {
  readonly runs: readonly RunListItem[];
  readonly approvals: boolean;
}

export type ChangeListener = (changes: Changes) => void;

export interface ChangeSources {
  readonly databases: { engines(): readonly Engine[] };
  /** Only this run is told of. Default: all runs. */
  readonly runId?: string;
  readonly reader: RunReader;
  readonly log: Logger;
}

/** A run is told of at most once in this time, in ms. */
const flushMs = 100;
/** The most runs of one database that are read for one flush; the others wait for the next. */
const runsPerFlush = 250;
/** How many of the newest runs are compared when another process may have started some. */
const newestCompared = 50;
/** How many runs are remembered to tell whether another process has changed them. */
const maxRemembered = 2_000;
/** The most pending approvals that are compared; with more, each change that may concern them is told. */
const approvalsCompared = 1_000;

/** Events after which the pending approvals may be others. */
const concernApprovals: ReadonlySet<EventType> = new Set([
  "ApprovalRequested",
  "ApprovalGranted",
  "ApprovalDenied",
  "NodeFinished",
  "NodeFailed",
  "NodeCancelled",
  "NodeSkipped",
  "NodePending",
  "RunCancelled",
  "RunFailed",
]);

interface Followed {
  readonly engine: Engine;
  /** Runs that have changed since they were last read. */
  readonly changed: Set<string>;
  /** Runs that another process may execute, and so change without an event here. */
  claimed: Set<string>;
  isChangedElsewhere: boolean;
  /** Whether what another process has changed was not compared yet. */
  isFirstLook: boolean;
  readonly sinceMs: number;
  readonly stop: () => void;
}

/**
 * Tells its listeners which runs have changed, in all databases of a server. It reads nothing while there are no
 * listeners.
 */
export class ChangeHub {
  readonly #sources: ChangeSources;
  readonly #listeners = new Set<ChangeListener>();
  readonly #followed = new Map<Engine, Followed>();
  /** What was last told of a run: its status and health. Least recently told first. */
  readonly #told = new Map<string, string>();
  /** The pending approvals that were last read; undefined before the first reading. */
  #approvals: string | undefined;
  #isApprovalsChanged = false;
  /** Whether the pending approvals were read once only: a change may be in them whose event comes afterwards. */
  #isFirstReading = true;
  #ticks: ReturnType<typeof setInterval> | undefined;
  #flushing = false;

  constructor(sources: ChangeSources) {
    this.#sources = sources;
  }

  /** Calls `listener` with what changes from now on, until the returned function is called. */
  listen(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#begin();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#end();
    };
  }

  #begin(): void {
    this.#follow(false);
    this.#ticks = setInterval(() => void this.#flush(), flushMs);
    void this.#flush();
  }

  #end(): void {
    clearInterval(this.#ticks);
    for (const { stop } of this.#followed.values()) stop();
    this.#followed.clear();
    this.#told.clear();
    this.#approvals = undefined;
    this.#isApprovalsChanged = false;
  }

  /** Follows the databases that have been opened. @param isLate whether changes may have been missed until now */
  #follow(isLate: boolean): void {
    for (const engine of this.#sources.databases.engines()) {
      if (this.#followed.has(engine)) continue;
      const { runId } = this.#sources;
      const unfollow = engine.feed.followAll((events) => {
        if (runId !== undefined && events[0]!.runId !== runId) return;
        followed.changed.add(events[0]!.runId);
        if (events.some(({ type }) => concernApprovals.has(type))) this.#isApprovalsChanged = true;
      });
      if (isLate) this.#isApprovalsChanged = true;
      const unwatch = engine.store.watch(() => {
        followed.isChangedElsewhere = true;
        // What came after the listener did, and before the first reading, is told.
        followed.isFirstLook = false;
        this.#isApprovalsChanged = true;
      });
      const stop = () => {
        unfollow();
        unwatch();
      };
      const followed: Followed = {
        engine,
        changed: new Set(),
        claimed: new Set(),
        isChangedElsewhere: true,
        isFirstLook: !isLate,
        sinceMs: Date.now(),
        stop,
      };
      this.#followed.set(engine, followed);
    }
  }

  async #flush(): Promise<void> {
    this.#follow(true);
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      const runs: RunListItem[] = [];
      for (const followed of this.#followed.values()) runs.push(...(await this.#read(followed)));
      const approvals = await this.#haveApprovalsChanged();
      if (runs.length > 0 || approvals) for (const listener of this.#listeners) listener({ runs, approvals });
    } catch (error) {
      // A database in trouble is reported by the routes that read it; what has changed is read at the next flush.
      this.#sources.log.debug({ err: error }, "changes could not be read; will retry");
    } finally {
      this.#flushing = false;
    }
  }

  /** The runs of one database that have changed, as they are now. */
  async #read(followed: Followed): Promise<RunListItem[]> {
    const { engine, changed } = followed;
    const wanted = new Set([...changed].slice(0, runsPerFlush));
    const looked = new Set<string>();
    if (followed.isChangedElsewhere) {
      followed.isChangedElsewhere = false;
      for (const runId of await this.#mayHaveChanged(followed)) looked.add(runId);
    }
    const ids = [...new Set([...wanted, ...looked])];
    if (ids.length === 0) return [];
    // Removed first: a commit during the read adds the run again.
    for (const runId of wanted) changed.delete(runId);
    let items: RunListItem[];
    try {
      items = await this.#sources.reader.itemsOf(engine, ids);
    } catch (error) {
      for (const runId of wanted) changed.add(runId);
      followed.isChangedElsewhere ||= looked.size > 0;
      throw error;
    }
    const isFirstLook = looked.size > 0 && followed.isFirstLook;
    if (isFirstLook) followed.isFirstLook = false;
    if (!isFirstLook) return items.filter((item) => this.#isNews(item) || wanted.has(item.runId));
    // A run that may have changed since the listener came is not taken for known: its event may come after this look.
    const known = ({ finishedAtMs }: RunListItem) => finishedAtMs !== null && finishedAtMs < followed.sinceMs;
    for (const item of items) if (known(item)) this.#isNews(item);
    return items.filter((item) => wanted.has(item.runId));
  }

  /** The runs that another process may have changed: those that it executes or executed, and the newest. */
  async #mayHaveChanged(followed: Followed): Promise<string[]> {
    const { store } = followed.engine;
    const { runId } = this.#sources;
    if (runId !== undefined) return [runId];
    const claimed = await store.claimedRuns();
    const { runs } = await store.listRuns({ limit: newestCompared });
    const before = followed.claimed;
    followed.claimed = new Set(claimed.slice(0, maxRemembered).map(({ runId }) => runId));
    // A mirrored copy is told of by its own database.
    const newest = runs.filter(({ run }) => run.home === null).map(({ run }) => run.runId);
    return [...before, ...followed.claimed, ...newest].slice(0, maxRemembered);
  }

  /** Whether the item differs from what was last told of its run; it then counts as told. */
  #isNews({ runId, status, runState }: RunListItem): boolean {
    const { computedAt: _, ...state } = runState;
    const now = JSON.stringify([status, state]);
    const isNews = this.#told.get(runId) !== now;
    this.#told.delete(runId);
    this.#told.set(runId, now);
    if (this.#told.size > maxRemembered) this.#told.delete(this.#told.keys().next().value!);
    return isNews;
  }

  async #haveApprovalsChanged(): Promise<boolean> {
    const mayHaveChanged = this.#isApprovalsChanged;
    if (!mayHaveChanged && this.#approvals !== undefined) return false;
    this.#isApprovalsChanged = false;
    try {
      const { approvals, nextCursor } = await this.#sources.reader.approvals({ limit: approvalsCompared });
      const before = this.#approvals;
      this.#approvals = JSON.stringify(
        approvals.map(({ runId, nodeId, iteration, requestedAtMs }) => [runId, nodeId, iteration, requestedAtMs]),
      );
      const isFirst = this.#isFirstReading;
      this.#isFirstReading = before === undefined;
      // The first reading may hold what has changed since the listener came.
      if (before === undefined) return mayHaveChanged;
      return isFirst || before !== this.#approvals || nextCursor !== undefined;
    } catch (error) {
      this.#isApprovalsChanged ||= mayHaveChanged;
      throw error;
    }
  }
}
