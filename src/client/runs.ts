import type {
  FramesQuery,
  ListRunsQuery,
  NodeDetail,
  NodeItem,
  NodesQuery,
  RunConfig,
  RunDetail,
  RunListItem,
} from "../api/index.ts";
import type { Frame } from "../model/index.ts";
import { hasEnded } from "../model/run-end.ts";
import { type Http, runPath } from "./http.ts";
import { type Pages, pages } from "./pages.ts";
import { type Persistence, persist } from "./persist.ts";
import { type EventsOptions, type RunEvent, runEvents } from "./run-events.ts";
import type { TypedWorkflow, WorkflowInput, WorkflowOutput } from "./workflow-types.ts";

interface StartRequest {
  /** The workflow's file, from the server's `rootDir`. */
  readonly workflowPath: string;
  /** Default: the server makes one. */
  readonly runId?: string;
  readonly config?: RunConfig;
  /** Makes requests one request: the same key with the same options starts one run. Default: a random one. */
  readonly idempotencyKey?: string;
  /** How long to try again while no server answers, in ms; no second run is started. Default: 1000. */
  readonly patienceMs?: number;
}

/** What a run is started with; `input` may be left out where the workflow needs none. */
export type StartOptions<W extends TypedWorkflow = TypedWorkflow> = StartRequest &
  (Record<string, never> extends WorkflowInput<W>
    ? { readonly input?: WorkflowInput<W> }
    : { readonly input: WorkflowInput<W> });

/** A run with the output's type. */
export type RunDetailOf<W extends TypedWorkflow> = Omit<RunDetail, "output"> & { output?: WorkflowOutput<W> };

export interface RunsClient {
  /**
   * Starts a run; resolves as soon as the run is durably recorded.
   * @example
   * const { runId } = await client.runs.start<typeof workflow>({ workflowPath: "./echo.tsx", input: { msg: "hi" } });
   */
  start<W extends TypedWorkflow = TypedWorkflow>(options: StartOptions<W>): Promise<{ runId: string }>;
  /** How a run stands. */
  get<W extends TypedWorkflow = TypedWorkflow>(runId: string): Promise<RunDetailOf<W>>;
  /** Runs, newest first. `limit` is the size of a page. */
  list(query?: Partial<ListRunsQuery>): Pages<RunListItem>;
  /**
   * Every node of a run, in plan order, with its output. An output larger than 64 KB is left out and has `outputBytes`;
   * `node` reads it. `limit` is the size of a page.
   */
  nodes(runId: string, query?: Partial<NodesQuery>): Pages<NodeItem>;
  /** One node: its whole output, its attempts and its tool calls. Default iteration: the last one. */
  node(runId: string, nodeId: string, iteration?: number): Promise<NodeDetail>;
  /** What the run's workflow has rendered. A page's cursor is the `afterFrameNo` of the next one. */
  frames(runId: string, query?: Partial<FramesQuery>): Pages<Frame>;
  /** Continues a run that is paused, has failed, or was left by a crash; `workflowPath` says where the file is now. */
  resume(runId: string, options?: { workflowPath?: string }): Promise<{ runId: string }>;
  /** Executes a failed node again and continues its run. Default iteration: the last failed one. */
  retry(runId: string, nodeId: string, options?: { iteration?: number }): Promise<{ runId: string }>;
  /** Aborts a run that runs or waits, its child processes too. */
  cancel(runId: string): Promise<{ runId: string }>;
  /**
   * A run's events, oldest first, each once, until the run has ended. A broken connection is opened again.
   * @example
   * for await (const { seq, type } of client.runs.events(runId)) console.log(seq, type);
   */
  events(runId: string, options?: EventsOptions): AsyncGenerator<RunEvent>;
  /**
   * Waits until a run has ended, however it ends. For one that continues as a new run, waits for that one: the answer's
   * `runId` says which run it is about.
   */
  wait<W extends TypedWorkflow = TypedWorkflow>(runId: string, options?: Persistence): Promise<RunDetailOf<W>>;
}

/** The calls about runs. */
export function runsOf(http: Http): RunsClient {
  return {
    start: ({ idempotencyKey = randomKey(), patienceMs = 1_000, ...body }: StartRequest) =>
      persist(() => http.post("/v1/runs", body, { headers: { "Idempotency-Key": idempotencyKey } }), { patienceMs }),
    get: (runId) => http.get(runPath(runId)),
    list: (query = {}) =>
      pages<RunListItem[], RunListItem>(http, { path: "/v1/runs", query, cursor: "cursor", itemsOf: (runs) => runs }),
    nodes: (runId, query = {}) =>
      pages<NodeItem[], NodeItem>(http, {
        path: `${runPath(runId)}/nodes`,
        query,
        cursor: "cursor",
        itemsOf: (nodes) => nodes,
      }),
    node: (runId, nodeId, iteration) =>
      http.get(`${runPath(runId)}/nodes/${encodeURIComponent(nodeId)}`, { query: { iteration } }),
    frames: (runId, query = {}) =>
      pages<Frame[], Frame>(http, {
        path: `${runPath(runId)}/frames`,
        query,
        cursor: query.order === "asc" ? "afterFrameNo" : "beforeFrameNo",
        itemsOf: (frames) => frames,
      }),
    retry: (runId, nodeId, body = {}) => http.post(`${runPath(runId)}/nodes/${encodeURIComponent(nodeId)}/retry`, body),
    resume: (runId, body = {}) => http.post(`${runPath(runId)}/resume`, body),
    cancel: (runId) => http.post(`${runPath(runId)}/cancel`),
    events: (runId, options) => runEvents(http, runId, options),
    wait: (runId, options) => wait(http, runId, options),
  };
}

/** Not `randomUUID`, which browsers have only on pages that came over TLS or from this machine. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("-");
}

async function wait<W extends TypedWorkflow>(
  http: Http,
  runId: string,
  options: Persistence = {},
): Promise<RunDetailOf<W>> {
  const { signal } = options;
  const read = () => http.get<RunDetailOf<W>>(runPath(runId), { signal });
  // HEAD spares the events that are stored already.
  const head = () => http.send("HEAD", `${runPath(runId)}/events`, { signal });
  let run = await read();
  while (!hasEnded(run.status)) {
    // Before the run is read again: an event that ends it from now on comes after this one.
    const afterSeq = Number((await persist(head, options)).headers.get("X-Last-Seq"));
    run = await persist(read, options);
    if (hasEnded(run.status)) break;
    for await (const _ of runEvents(http, runId, { ...options, afterSeq }, { hasAnswered: true }));
    // A run that has failed may have been resumed in between.
    run = await persist(read, options);
  }
  if (run.status === "continued" && run.continuedAs !== undefined) return wait(http, run.continuedAs, options);
  return run;
}
