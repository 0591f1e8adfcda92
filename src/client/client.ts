import type { ApprovalItem, DecisionBody, SignalAnswer, SignalBody, WorkflowItem } from "../api/index.ts";
import { type Change, changes } from "./changes.ts";
import { type ClientOptions, Http, runPath } from "./http.ts";
import { type Pages, pages } from "./pages.ts";
import { type RunsClient, runsOf } from "./runs.ts";

/** The most that the server gives in one page. */
const largestPage = 1_000;

export interface ApprovalsClient {
  /** The decisions that are awaited, the longest waiting first. */
  list(): Promise<ApprovalItem[]>;
  approve(runId: string, nodeId: string, body?: DecisionBody): Promise<{ runId: string }>;
  deny(runId: string, nodeId: string, body?: DecisionBody): Promise<{ runId: string }>;
}

export interface SignalsClient {
  /** Sends a run an event from outside, which is kept until a wait consumes it. */
  send(runId: string, name: string, body?: SignalBody): Promise<SignalAnswer>;
}

export interface WorkflowsClient {
  /** The workflow files that can be started, by path. `limit` is the size of a page. */
  list(query?: { limit?: number; cursor?: string }): Pages<WorkflowItem>;
}

/**
 * A server's API. Each call throws `SmithersError`: with the server's code, status and details, or
 * CONNECTION_FAILED when no server answers.
 */
export interface SmithersClient {
  readonly runs: RunsClient;
  readonly approvals: ApprovalsClient;
  readonly signals: SignalsClient;
  readonly workflows: WorkflowsClient;
  /**
   * What changes in the lists of runs and approvals, until the reader leaves. A broken connection is opened again; read
   * the lists after each `connected`.
   * @example
   * for await (const change of client.changes()) if (change.type === "run") console.log(change.run.status);
   */
  changes(options?: { signal?: AbortSignal }): AsyncGenerator<Change>;
}

/**
 * Makes a client of a Smithers server. It runs in browsers, Bun, Node and Deno.
 * @throws INVALID_OPTIONS when `url` is not an http address
 * @example
 * const client = createClient({ url: "http://localhost:7331", token: process.env.SMITHERS_API_KEY });
 * const { runId } = await client.runs.start({ workflowPath: "./echo.tsx", input: { msg: "hi" } });
 * const { status, output } = await client.runs.wait(runId);
 */
export function createClient(options: ClientOptions): SmithersClient {
  const http = new Http(options);
  return {
    runs: runsOf(http),
    approvals: approvalsOf(http),
    signals: signalsOf(http),
    workflows: workflowsOf(http),
    changes: (options) => changes(http, options),
  };
}

function approvalsOf(http: Http): ApprovalsClient {
  const decide = (verb: "approve" | "deny") => (runId: string, nodeId: string, body?: DecisionBody) =>
    http.post<{ runId: string }>(`${runPath(runId)}/nodes/${encodeURIComponent(nodeId)}/${verb}`, body);
  return {
    async list() {
      const all: ApprovalItem[] = [];
      const list = pages(http, {
        path: "/v1/approvals",
        query: { limit: largestPage },
        cursor: "cursor",
        itemsOf: ({ approvals }: { approvals: ApprovalItem[] }) => approvals,
      });
      for await (const approval of list) all.push(approval);
      return all;
    },
    approve: decide("approve"),
    deny: decide("deny"),
  };
}

function signalsOf(http: Http): SignalsClient {
  return {
    send: (runId, name, body) => http.post(`${runPath(runId)}/signals/${encodeURIComponent(name)}`, body),
  };
}

function workflowsOf(http: Http): WorkflowsClient {
  return {
    list: (query = {}) =>
      pages<WorkflowItem[], WorkflowItem>(http, {
        path: "/v1/workflows",
        query,
        cursor: "cursor",
        itemsOf: (workflows) => workflows,
      }),
  };
}
