import type { ApprovalItem, NodeItem, RunDetail, RunListItem, SignalAnswer, SignalBody } from "../../api/index.ts";
import { createClient, type RunEvent, type SmithersClient } from "../../client/index.ts";
import { isSmithersError } from "../../errors/index.ts";
import type { Frame } from "../../model/index.ts";
import type { RunOverview } from "../../runs/index.ts";
import type { Decision, NodeToRetry } from "../../store/index.ts";
import { throwWithMove, usageError } from "../errors.ts";
import type { FoundNode, RunsQuery, Source } from "./source.ts";

/** Number of latest runs that are searched for a part of an id. */
const maxSearched = 10_000;
const largestPage = 1_000;
/** How long a server may be unreachable while a run is followed, for example during a restart. */
const patienceMs = 60_000;

/** A running server, through its HTTP API. */
export class ServerSource implements Source {
  readonly kind = "server";
  readonly name: string;
  readonly #client: SmithersClient;

  /** @throws INVALID_USAGE when `url` is not an http address */
  constructor(url: string, token: string | undefined) {
    if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")) {
      throw usageError(`"${url}" is not a server address. Use one such as http://localhost:7331.`);
    }
    this.name = url;
    this.#client = createClient({ url, token });
  }

  async runIdsLike(part: string, limit: number): Promise<string[]> {
    const begin: string[] = [];
    const end: string[] = [];
    let looked = 0;
    await this.#ask(async ({ runs }) => {
      for await (const { runId } of runs.list({ limit: largestPage })) {
        if (runId.startsWith(part)) begin.push(runId);
        else if (runId.endsWith(part)) end.push(runId);
        if (++looked === maxSearched) return;
      }
    });
    return (begin.length > 0 ? begin : end).slice(0, limit);
  }

  async runIdsSharing(): Promise<string[]> {
    return [];
  }

  async elsewhere(): Promise<undefined> {}

  listRuns(query: RunsQuery): Promise<RunListItem[]> {
    return this.#ask(async ({ runs }) => (await runs.list(query).page()).items);
  }

  findRun(runId: string): Promise<RunDetail> {
    return this.#ask(({ runs }) => runs.get(runId));
  }

  async overview(runId: string): Promise<RunOverview> {
    const run = await this.findRun(runId);
    const nodes = await this.listNodes(runId);
    const isAsking = nodes.some(({ state }) => state === "waiting-approval");
    const approvals = isAsking ? await this.#pendingOf(runId) : [];
    return { run, nodes, approvals, frame: await this.#lastFrame(runId) };
  }

  listNodes(runId: string): Promise<NodeItem[]> {
    return this.#ask(({ runs }) => Array.fromAsync(runs.nodes(runId)));
  }

  async findNode(runId: string, nodeId: string, iteration: number): Promise<FoundNode> {
    const node = await this.#ask(({ runs }) => runs.node(runId, nodeId, iteration));
    const events: RunEvent[] = [];
    for await (const event of this.events(runId, 0, false)) {
      if ("nodeId" in event && event.nodeId === nodeId && event.iteration === iteration) events.push(event);
    }
    return { node, events };
  }

  events(runId: string, afterSeq: number, follow: boolean): AsyncGenerator<RunEvent> {
    return this.#client.runs.events(runId, { afterSeq, follow, patienceMs });
  }

  listFrames(runId: string, afterFrameNo: number, limit: number): Promise<Frame[]> {
    return this.#ask(
      async ({ runs }) => (await runs.frames(runId, { order: "asc", limit, afterFrameNo }).page()).items,
    );
  }

  async listApprovals(runId: string): Promise<ApprovalItem[]> {
    const all = await this.#ask(({ approvals }) => approvals.list());
    return all.filter((approval) => approval.runId === runId);
  }

  #lastFrame(runId: string): Promise<Frame | undefined> {
    return this.#ask(async ({ runs }) => (await runs.frames(runId, { limit: 1 }).page()).items[0]);
  }

  /** A server without a database of its own lists no approvals. */
  async #pendingOf(runId: string): Promise<ApprovalItem[]> {
    return this.listApprovals(runId).catch((error) => {
      if (isSmithersError(error) && error.code === "DB_NOT_CONFIGURED") return [];
      throw error;
    });
  }

  async decide({ runId, nodeId, status, ...body }: Decision): Promise<void> {
    const verb = status === "granted" ? "approve" : "deny";
    await this.#ask(({ approvals }) => approvals[verb](runId, nodeId, body));
  }

  signal(runId: string, name: string, body: SignalBody): Promise<SignalAnswer> {
    return this.#ask(({ signals }) => signals.send(runId, name, body));
  }

  async cancel(runId: string): Promise<void> {
    await this.#ask(({ runs }) => runs.cancel(runId));
  }

  async resume(runId: string, workflowPath: string | undefined): Promise<void> {
    const resumed = this.#ask(({ runs }) => runs.resume(runId, { workflowPath }));
    await (workflowPath === undefined ? resumed.catch((error) => throwWithMove(error, runId)) : resumed);
  }

  async retry({ runId, nodeId, iteration }: NodeToRetry): Promise<void> {
    await this.#ask(({ runs }) => runs.retry(runId, nodeId, { iteration }));
  }

  async isTakenIn(): Promise<boolean> {
    return true;
  }

  async close(): Promise<void> {}

  /** Calls the server, and explains the error when it has no such route. */
  async #ask<Answer>(ask: (client: SmithersClient) => Promise<Answer>): Promise<Answer> {
    try {
      return await ask(this.#client);
    } catch (error) {
      if (!isSmithersError(error) || error.code !== "NOT_FOUND") throw error;
      throw usageError(
        `${this.name} does not serve a list of runs. It may serve a single run, as createServeApp does; read its database with --db.`,
      );
    }
  }
}
