import type {
  ApprovalItem,
  ListRunsQuery,
  NodeItem,
  RunDetail,
  RunListItem,
  SignalAnswer,
  SignalBody,
} from "../../api/index.ts";
import type { RunEvent } from "../../client/index.ts";
import type { Frame } from "../../model/index.ts";
import type { Decision } from "../../store/index.ts";

/** Which runs to list; `limit` of them at most. */
export type RunsQuery = Pick<ListRunsQuery, "limit" | "status" | "workflow">;

/** Where runs are read and decided on: a database file, or a server that answers for one. Both answer alike. */
export interface Source {
  readonly kind: "database" | "server";
  /** The file's path, or the server's address. */
  readonly name: string;
  /** Ids of runs that begin, or else end, with `part`; the newest first, at most `limit`. */
  runIdsLike(part: string, limit: number): Promise<string[]>;
  /**
   * Ids of runs that begin or end with one of the parts, which are all of the same length, as far as this can be told
   * cheaply: a server is not asked.
   */
  runIdsSharing(parts: readonly string[]): Promise<string[]>;
  /** A place where a run of this very id is that is not in this source, as an option names it: `--db ../smithers.db`. */
  elsewhere(runId: string): Promise<string | undefined>;
  /** Newest first. */
  listRuns(query: RunsQuery): Promise<RunListItem[]>;
  /** @throws RUN_NOT_FOUND */
  findRun(runId: string): Promise<RunDetail>;
  /** In plan order. @throws RUN_NOT_FOUND */
  listNodes(runId: string): Promise<NodeItem[]>;
  /**
   * Events after `afterSeq`, oldest first: those that are stored and, with `follow`, each as it is committed, until
   * the run has ended.
   * @throws RUN_NOT_FOUND
   */
  events(runId: string, afterSeq: number, follow: boolean): AsyncGenerator<RunEvent>;
  /** Oldest first, at most `limit` (1000 at most). @throws RUN_NOT_FOUND */
  listFrames(runId: string, afterFrameNo: number, limit: number): Promise<Frame[]>;
  /** The decisions that a run waits for, the longest waiting first. */
  listApprovals(runId: string): Promise<ApprovalItem[]>;
  /** @throws RUN_NOT_FOUND, NODE_NOT_FOUND, NODE_NOT_WAITING, INVALID_REQUEST */
  decide(decision: Decision): Promise<void>;
  /** @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, INVALID_INPUT */
  signal(runId: string, name: string, body: SignalBody): Promise<SignalAnswer>;
  /** @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE */
  cancel(runId: string): Promise<void>;
  /**
   * Continues a run where its runs are executed. Undefined where nobody executes them: whoever wants the run to go on
   * executes it.
   * @param workflowPath where its workflow is now, when it has moved
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, RUN_IN_PROGRESS, WORKFLOW_INVALID
   */
  readonly resume: ((runId: string, workflowPath: string | undefined) => Promise<void>) | undefined;
  /**
   * Whether somebody goes on with a run after something was recorded for it: a server does by itself. On a file it is
   * looked at for a moment.
   */
  isTakenIn(runId: string): Promise<boolean>;
  close(): Promise<void>;
}
