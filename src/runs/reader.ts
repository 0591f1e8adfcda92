import type {
  ApprovalItem,
  FramesQuery,
  ListRunsQuery,
  NodeDetail,
  NodeItem,
  NodesQuery,
  RunDetail,
  RunListItem,
} from "../api/index.ts";
import { toApprovalItem, toNodeDetail, toNodeItems, toRunDetail, toRunListItem } from "../api/items.ts";
import { maxListedOutputBytes } from "../api/limits.ts";
import { isSmithersError, noSuchNode, noSuchRun } from "../errors/index.ts";
import {
  type BlockingRun,
  blockingHealth,
  type ContinuingCalls,
  deriveRunHealth,
  type Frame,
  hasEnded,
  type RunHealth,
  type SmithersEvent,
  type StoredEvent,
  withChild,
} from "../model/index.ts";
import type { ListedOutput, NodePage, RunDetailSnapshot, RunSnapshot, Store } from "../store/index.ts";
import { type ApprovalPage, readApprovals } from "./approvals.ts";
import type { RunDatabase, RunDatabases } from "./databases.ts";
import { cursorOf, positionOf } from "./node-cursor.ts";

export interface RunReaderOptions {
  /** Age of an owner's last heartbeat, in milliseconds, after which the owner counts as dead. Default: 30000. */
  readonly staleMs?: number;
  /** The host's names of the calls that continue a run. Default: the routes of a server with many runs. */
  calls?(runId: string): ContinuingCalls | undefined;
  /** Whether the run's code keeps its worker process from answering now. */
  blocking?(runId: string): BlockingRun | undefined;
}

export interface RunListPage {
  readonly runs: RunListItem[];
  /** Pass it as `cursor` to read the next page; absent on the last page. */
  readonly nextCursor?: string;
}

export interface NodeListPage {
  readonly nodes: NodeItem[];
  /** Pass it as `cursor` to read the next page; absent on the last page. */
  readonly nextCursor?: string;
}

/** A run as it was at one moment. A run with very many nodes may have changed while its further nodes were read. */
export interface RunOverview {
  readonly run: RunDetail;
  /** In plan order; large outputs are left out. */
  readonly nodes: readonly NodeItem[];
  /** The last frame; undefined while there is none. */
  readonly frame: Frame | undefined;
  /** The pending approvals, oldest first. */
  readonly approvals: readonly ApprovalItem[];
}

export interface ReadNode {
  readonly node: NodeDetail;
  /** Where the error of its last attempt was thrown. For people at the machine: no answer has it. */
  readonly stack: string | undefined;
}

/** How an output becomes a part of an answer. */
export interface OutputForm {
  /** @param json the output's JSON */
  small(json: string): unknown;
  /** @param read reads the output's JSON, in UTF-8 */
  large(bytes: number, read: () => Promise<Uint8Array<ArrayBuffer>>): unknown;
}

/** Outputs as values. */
const asValue: OutputForm = {
  small: (json) => JSON.parse(json),
  large: async (_, read) => JSON.parse(new TextDecoder().decode(await read())),
};

/** How many prompts the detail of one node has: the last ones. */
const shownPrompts = 20;

/**
 * Reads runs in the shapes of the API, each from its own database. Methods that take a run id throw RUN_NOT_FOUND, and
 * a `DB_*` code when the run's database cannot be read.
 */
export class RunReader {
  readonly #databases: RunDatabases<RunDatabase>;
  readonly #options: RunReaderOptions;

  constructor(databases: RunDatabases<RunDatabase>, options: RunReaderOptions = {}) {
    this.#databases = databases;
    this.#options = options;
  }

  /** @param form how the output becomes a part of the answer; default: its value */
  async run(runId: string, form: OutputForm = asValue): Promise<RunDetail> {
    const found = await this.#databases.find(runId, (store) => withReports(store, runId, store.readRunDetail(runId)));
    return this.#detailOf(found, form);
  }

  /** A run, with what explains its state. */
  async overview(runId: string): Promise<RunOverview> {
    const nowMs = Date.now();
    const query = await nodesQuery(1_000);
    const found = await this.#databases.find(runId, (store) =>
      withReports(store, runId, store.readOverview(runId, query, nowMs)),
    );
    const { nodes, nextCursor } = toNodeListPage(found);
    return {
      run: await this.#detailOf(found, asValue),
      nodes: nextCursor === undefined ? nodes : [...nodes, ...(await this.allNodes(runId, nextCursor))],
      frame: found.frame,
      approvals: found.approvals.map((approval) => toApprovalItem(approval, nowMs)),
    };
  }

  /** Runs, newest first. @throws INVALID_REQUEST for an unknown cursor */
  async runs(query: ListRunsQuery): Promise<RunListPage> {
    const { runs, nextCursor } = await this.#databases.main.store.listRuns(query);
    const current = await this.#databases.current(runs);
    return {
      runs: current.map((snapshot) => toRunListItem(snapshot.run, this.#ownHealthOf(snapshot))),
      ...(nextCursor !== undefined && { nextCursor }),
    };
  }

  /** Those of these runs that exist, each from `database`, which is where they live. */
  async itemsOf(database: RunDatabase, runIds: readonly string[]): Promise<RunListItem[]> {
    const found = await database.store.readRuns(runIds);
    return found.map((snapshot) => toRunListItem(snapshot.run, this.#ownHealthOf(snapshot)));
  }

  /**
   * A page of a run's nodes in plan order, with their outputs; the large ones are left out.
   * @throws INVALID_REQUEST for an unknown cursor
   */
  async nodes(runId: string, { limit, cursor }: NodesQuery): Promise<NodeListPage> {
    const query = await nodesQuery(limit, cursor);
    return toNodeListPage(await this.#databases.find(runId, (store) => store.readNodes(runId, query)));
  }

  /** All nodes of a run after `cursor`, in plan order. */
  async allNodes(runId: string, cursor?: string): Promise<NodeItem[]> {
    const all: NodeItem[] = [];
    for (let next = cursor; ; ) {
      const { nodes, nextCursor } = await this.nodes(runId, { limit: 1_000, cursor: next });
      all.push(...nodes);
      if (nextCursor === undefined) return all;
      next = nextCursor;
    }
  }

  /**
   * One node.
   * @param iteration default: the last one
   * @param form how the output becomes a part of the answer; default: its value
   * @throws NODE_NOT_FOUND
   */
  async node(runId: string, nodeId: string, iteration?: number, form: OutputForm = asValue): Promise<ReadNode> {
    const read = this.#databases.find(runId, async (store) => {
      const found = await withReports(store, runId, store.readNode(runId, nodeId, iteration));
      if (!found) return undefined;
      const isAsked = found.node.kind === "agent";
      const asked = isAsked ? await store.promptsOf(runId, nodeId, found.node.iteration, shownPrompts) : [];
      return { ...found, prompts: asked.map(({ json }) => JSON.parse(json) as SmithersEvent) };
    });
    const found = await read.catch(async (error: unknown) => {
      if (!isSmithersError(error) || error.code !== "RUN_NOT_FOUND") throw error;
      // A run that has no such node, or no such run.
      await this.#databases.locate(runId);
      throw noSuchNode(runId, nodeId, iteration);
    });
    return {
      node: toNodeDetail({ ...found, output: await formed(form, found.output, found.database) }),
      stack: found.attempts.at(-1)?.stack ?? undefined,
    };
  }

  /** The events that name a node in one iteration, oldest first. */
  async eventsOfNode(runId: string, nodeId: string, iteration: number): Promise<StoredEvent[]> {
    const { database } = await this.#databases.locate(runId);
    return database.store.eventsOfNode(runId, nodeId, iteration);
  }

  /** A run's frames: at most `limit`, fewer when they are large. */
  async frames(runId: string, query: FramesQuery): Promise<{ frames: Frame[]; hasMore: boolean }> {
    const read = await this.#databases.find(runId, (store) => store.readFrames(runId, query));
    return { frames: [...read.frames], hasMore: read.hasMore };
  }

  /** All pending approvals, oldest first. @throws INVALID_REQUEST for an unknown cursor */
  approvals(query: { readonly limit: number; readonly cursor?: string }): Promise<ApprovalPage> {
    return readApprovals(this.#databases, query);
  }

  /** One run's pending approvals, oldest first. */
  async approvalsOf(runId: string): Promise<ApprovalItem[]> {
    const { database } = await this.#databases.locate(runId);
    const pending = await database.store.pendingApprovals({ nowMs: Date.now(), runId, limit: Number.MAX_SAFE_INTEGER });
    const nowMs = Date.now();
    return pending.map((approval) => toApprovalItem(approval, nowMs));
  }

  async #detailOf(
    found: RunDetailSnapshot & { readonly reports: SmithersEvent[]; readonly database: RunDatabase },
    form: OutputForm,
  ): Promise<RunDetail> {
    const { run, nodeCounts, output, reports, database } = found;
    const health = await this.#healthOf(found, database);
    return toRunDetail(run, health, nodeCounts, await formed(form, output, database), reports);
  }

  /** The health of a run; what a subflow of it waits for is said by that one's run. */
  async #healthOf(snapshot: RunSnapshot, database: RunDatabase): Promise<RunHealth> {
    const health = this.#ownHealthOf(snapshot);
    const childRunId = health.blocked?.childRunId;
    if (childRunId === undefined) return health;
    const [child] = await database.store.readRuns([childRunId]);
    return child ? withChild(health, await this.#healthOf(child, database)) : health;
  }

  #ownHealthOf({ run, healthSignals }: RunSnapshot): RunHealth {
    const { staleMs, calls, blocking } = this.#options;
    const health = deriveRunHealth(run, healthSignals, Date.now(), staleMs, calls?.(run.runId));
    const blocks = blocking?.(run.runId);
    return blocks && !hasEnded(run.status) ? blockingHealth(health, run, blocks) : health;
  }
}

/** A snapshot, and what the run's agents have reported. */
async function withReports<T>(
  store: Pick<Store, "agentReports">,
  runId: string,
  reading: Promise<T | undefined>,
): Promise<(T & { reports: SmithersEvent[] }) | undefined> {
  const [found, reports] = await Promise.all([reading, store.agentReports(runId)]);
  return found && { ...found, reports: reports.map(({ json }) => JSON.parse(json)) };
}

/** An output in the form that is wanted; undefined when there is none. */
async function formed(form: OutputForm, output: ListedOutput | undefined, { store }: RunDatabase): Promise<unknown> {
  if (!output) return undefined;
  const { json, bytes, runId, nodeId, iteration } = output;
  if (json !== null) return form.small(json);
  return form.large(bytes, async () => {
    const read = await store.readOutput(runId, nodeId, iteration);
    // The run was removed meanwhile.
    if (!read) throw noSuchRun(runId);
    return read;
  });
}

async function nodesQuery(limit: number, cursor?: string) {
  return { limit, after: await positionOf(cursor), maxOutputBytes: maxListedOutputBytes };
}

function toNodeListPage({ nodes, outputs, largeOutputs, hasMore }: NodePage): NodeListPage {
  return {
    nodes: toNodeItems(nodes, [...outputs, ...largeOutputs]),
    ...(hasMore && { nextCursor: cursorOf(nodes.at(-1)!) }),
  };
}
