import type {
  ApprovalItem,
  ListRunsQuery,
  NodeDetail,
  NodeItem,
  RunDetail,
  RunListItem,
  SignalAnswer,
  SignalBody,
} from "../../api/index.ts";
import type { RunEvent } from "../../client/index.ts";
import type { Frame } from "../../model/index.ts";
import type { RunOverview } from "../../runs/index.ts";
import type { Decision, NodeToRetry } from "../../store/index.ts";

/** Which runs to list; at most `limit`. */
export type RunsQuery = Pick<ListRunsQuery, "limit" | "status" | "workflow" | "ended">;

/** A node, and what happened to it. */
export interface FoundNode {
  readonly node: NodeDetail;
  readonly events: readonly RunEvent[];
  /** Where the error of its last attempt was thrown. A server does not say it. */
  readonly stack?: string;
}

/** Where runs are read and decided on: a database file or a server. Both give the same answers. */
export interface Source {
  readonly kind: "database" | "server";
  /** The file's path, or the server's address. */
  readonly name: string;
  /** Ids of runs that start with `part`, or if there are none, end with it; newest first, at most `limit`. */
  runIdsLike(part: string, limit: number): Promise<string[]>;
  /**
   * Ids of runs that start or end with one of the parts, which all have the same length. Only as far as this is cheap:
   * a server is not asked.
   */
  runIdsSharing(parts: readonly string[]): Promise<string[]>;
  /** Where a run with exactly this id is, if it is not in this source: as an option, such as `--db ../smithers.db`. */
  elsewhere(runId: string): Promise<string | undefined>;
  /** Newest first. */
  listRuns(query: RunsQuery): Promise<RunListItem[]>;
  /** @throws RUN_NOT_FOUND */
  findRun(runId: string): Promise<RunDetail>;
  /** A run with what explains its state: of one moment, where the source can read that. @throws RUN_NOT_FOUND */
  overview(runId: string): Promise<RunOverview>;
  /** In plan order; large outputs are left out. @throws RUN_NOT_FOUND */
  listNodes(runId: string): Promise<NodeItem[]>;
  /** A node in one iteration, and its events, oldest first. @throws RUN_NOT_FOUND, NODE_NOT_FOUND */
  findNode(runId: string, nodeId: string, iteration: number): Promise<FoundNode>;
  /**
   * Events after `afterSeq`, oldest first: the stored ones and, with `follow`, new ones as they are committed, until
   * the run has ended.
   * @throws RUN_NOT_FOUND
   */
  events(runId: string, afterSeq: number, follow: boolean): AsyncGenerator<RunEvent>;
  /** Oldest first, at most `limit`, which may be up to 1000. @throws RUN_NOT_FOUND */
  listFrames(runId: string, afterFrameNo: number, limit: number): Promise<Frame[]>;
  /** The run's pending approvals, oldest first. */
  listApprovals(runId: string): Promise<ApprovalItem[]>;
  /** @throws RUN_NOT_FOUND, NODE_NOT_FOUND, NODE_NOT_WAITING, INVALID_REQUEST */
  decide(decision: Decision): Promise<void>;
  /** @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, INVALID_INPUT */
  signal(runId: string, name: string, body: SignalBody): Promise<SignalAnswer>;
  /** @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE */
  cancel(runId: string): Promise<void>;
  /**
   * Lets the source continue a run. Undefined for a source that executes no runs: the caller must then execute it.
   * @param workflowPath the workflow's file, if it has moved
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, RUN_IN_PROGRESS, WORKFLOW_INVALID
   */
  readonly resume: ((runId: string, workflowPath: string | undefined) => Promise<void>) | undefined;
  /**
   * Lets the source execute a failed node again. Undefined for a source that executes no runs.
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, RUN_IN_PROGRESS, NODE_NOT_FOUND, NODE_NOT_FAILED
   */
  readonly retry: ((node: NodeToRetry) => Promise<void>) | undefined;
  /**
   * Whether a process continues a run after something was recorded for it. A server always does; a database is observed
   * for a moment.
   */
  isTakenIn(runId: string): Promise<boolean>;
  close(): Promise<void>;
}
