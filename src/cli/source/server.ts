import type {
  ApprovalItem,
  ListRunsQuery,
  NodeItem,
  RunDetail,
  RunListItem,
  SignalAnswer,
  SignalBody,
} from "../../api/index.ts";
import { fromWire, isSmithersError, SmithersError } from "../../errors/index.ts";
import { type Frame, hasEnded, isTerminalEvent, type StoredEvent } from "../../model/index.ts";
import type { Decision } from "../../store/index.ts";
import { usageError } from "../errors.ts";
import { readEventStream } from "./event-stream.ts";
import type { Source } from "./source.ts";

/** Pages of runs that are looked through for an id that was given in part. */
const pagesForIds = 10;
const largestPage = 1_000;
/** As a browser reads a stream: the server asks for this pause. */
const reconnectMs = 1_000;
const reconnectTries = 60;

/** A running server, through the routes that it has. */
export class ServerSource implements Source {
  readonly kind = "server";
  readonly name: string;
  readonly #base: string;
  readonly #headers: Record<string, string>;

  /** @throws INVALID_USAGE when `url` is no http address */
  constructor(url: string, token: string | undefined) {
    if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")) {
      throw usageError(`"${url}" is no address of a server; write something like http://localhost:7331.`);
    }
    this.name = url;
    this.#base = url.replace(/\/+$/, "");
    this.#headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  }

  async runIdsLike(part: string, limit: number): Promise<string[]> {
    const begin: string[] = [];
    const end: string[] = [];
    let path: string | undefined = `/v1/runs?limit=${largestPage}`;
    for (let page = 0; path !== undefined && page < pagesForIds; page++) {
      const answer: Response = await this.#request("GET", path);
      for (const { runId } of (await answer.json()) as RunListItem[]) {
        if (runId.startsWith(part)) begin.push(runId);
        else if (runId.endsWith(part)) end.push(runId);
      }
      path = nextPath(answer);
    }
    return (begin.length > 0 ? begin : end).slice(0, limit);
  }

  async elsewhere(): Promise<undefined> {}

  async listRuns({
    limit,
    status,
    workflow,
  }: Pick<ListRunsQuery, "limit" | "status" | "workflow">): Promise<RunListItem[]> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (status !== undefined) query.set("status", status);
    if (workflow !== undefined) query.set("workflow", workflow);
    return this.#get(`/v1/runs?${query}`);
  }

  findRun(runId: string): Promise<RunDetail> {
    return this.#get(pathOf(runId));
  }

  listNodes(runId: string): Promise<NodeItem[]> {
    return this.#get(`${pathOf(runId)}/nodes`);
  }

  async *events(runId: string, afterSeq: number, follow: boolean): AsyncGenerator<StoredEvent> {
    let seq = afterSeq;
    let hadEnded = false;
    for (let isFirst = true; ; isFirst = false) {
      const stop = new AbortController();
      let last: StoredEvent | undefined;
      try {
        const path = `${pathOf(runId)}/events?afterSeq=${seq}`;
        const answer = isFirst
          ? await this.#request("GET", path, undefined, stop.signal)
          : await this.#again(path, stop);
        for await (const event of readEventStream(answer, runId, seq, follow)) {
          last = event;
          yield event;
        }
      } catch (error) {
        // A server that goes away in the middle of a stream may come back.
        if (isSmithersError(error)) throw error;
      } finally {
        stop.abort();
      }
      seq = last?.seq ?? seq;
      if (!follow || (last && isTerminalEvent(last.type))) return;
      // Nothing came: either there is nothing more, or the server was going away.
      if (!last && hadEnded) return;
      hadEnded = hasEnded((await this.#patiently(() => this.findRun(runId))).status);
    }
  }

  #again(path: string, stop: AbortController): Promise<Response> {
    return this.#patiently(() => this.#request("GET", path, undefined, stop.signal));
  }

  /** Tries again for a while where no server answers, as while it is started anew. */
  async #patiently<T>(attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        const isAway =
          isSmithersError(error) && (error.code === "SERVER_UNREACHABLE" || error.code === "SERVER_CLOSING");
        if (!isAway || tries === reconnectTries) throw error;
        await new Promise((resolve) => setTimeout(resolve, reconnectMs));
      }
    }
  }

  listFrames(runId: string, afterFrameNo: number, limit: number): Promise<Frame[]> {
    return this.#get(`${pathOf(runId)}/frames?limit=${limit}&afterFrameNo=${afterFrameNo}`);
  }

  async listApprovals(runId: string): Promise<ApprovalItem[]> {
    const found: ApprovalItem[] = [];
    let path: string | undefined = `/v1/approvals?limit=${largestPage}`;
    while (path !== undefined) {
      const answer: Response = await this.#request("GET", path);
      const { approvals } = (await answer.json()) as { approvals: ApprovalItem[] };
      found.push(...approvals.filter((approval) => approval.runId === runId));
      path = nextPath(answer);
    }
    return found;
  }

  async decide({ runId, nodeId, status, ...body }: Decision): Promise<void> {
    const verb = status === "granted" ? "approve" : "deny";
    await this.#post(`${pathOf(runId)}/nodes/${encodeURIComponent(nodeId)}/${verb}`, body);
  }

  signal(runId: string, name: string, body: SignalBody): Promise<SignalAnswer> {
    return this.#post(`${pathOf(runId)}/signals/${encodeURIComponent(name)}`, body);
  }

  async cancel(runId: string): Promise<void> {
    await this.#post(`${pathOf(runId)}/cancel`, {});
  }

  /**
   * Lets the server go on with a run.
   * @param workflowPath where the workflow is, when it has moved
   * @throws RUN_NOT_FOUND, RUN_NOT_ACTIVE, RUN_IN_PROGRESS, WORKFLOW_INVALID
   */
  async resume(runId: string, workflowPath?: string): Promise<void> {
    await this.#post(`${pathOf(runId)}/resume`, workflowPath === undefined ? {} : { workflowPath });
  }

  async isTakenIn(): Promise<boolean> {
    return true;
  }

  async close(): Promise<void> {}

  async #get<Answer>(path: string): Promise<Answer> {
    return (await (await this.#request("GET", path)).json()) as Answer;
  }

  async #post<Answer>(path: string, body: unknown): Promise<Answer> {
    return (await (await this.#request("POST", path, body)).json()) as Answer;
  }

  async #request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const headers = body === undefined ? this.#headers : { ...this.#headers, "Content-Type": "application/json" };
    let answer: Response;
    try {
      answer = await fetch(this.#base + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
      });
    } catch (cause) {
      throw new SmithersError("SERVER_UNREACHABLE", `No server answers at ${this.name}.`, { cause });
    }
    if (answer.ok) return answer;
    const error = await toError(answer, this.name);
    if (error.code !== "NOT_FOUND") throw error;
    throw usageError(
      `${this.name} serves no list of runs: it may serve one run alone, as smithers up --serve does. Read its database with --db.`,
    );
  }
}

const pathOf = (runId: string) => `/v1/runs/${encodeURIComponent(runId)}`;

/** Where the next page is, as the Link header says it. */
function nextPath(answer: Response): string | undefined {
  const link = /<([^>]+)>;\s*rel="next"/.exec(answer.headers.get("Link") ?? "")?.[1];
  if (link === undefined) return undefined;
  const { pathname, search } = new URL(link, answer.url);
  return pathname + search;
}

/** The server's own error; something else answers with what is no envelope. */
async function toError(answer: Response, name: string): Promise<SmithersError> {
  const error = fromWire(await answer.json().catch(() => undefined), answer.status);
  return (
    error ??
    new SmithersError("SERVER_UNREACHABLE", `${name} answers ${answer.status}, and not as a Smithers server does.`)
  );
}
