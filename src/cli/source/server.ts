import type { ApprovalItem, NodeItem, RunDetail, RunListItem, SignalAnswer, SignalBody } from "../../api/index.ts";
import { createClient, type RunEvent, type SmithersClient } from "../../client/index.ts";
import { isSmithersError } from "../../errors/index.ts";
import type { Frame } from "../../model/index.ts";
import type { Decision } from "../../store/index.ts";
import { usageError } from "../errors.ts";
import type { RunsQuery, Source } from "./source.ts";

/** How many of the newest runs are looked through for an id that was given in part. */
const lookedThrough = 10_000;
const largestPage = 1_000;
/** How long a server may be away while a run is followed, as when it is started anew. */
const patienceMs = 60_000;

/** A running server, through the routes that it has. */
export class ServerSource implements Source {
  readonly kind = "server";
  readonly name: string;
  readonly #client: SmithersClient;

  /** @throws INVALID_USAGE when `url` is no http address */
  constructor(url: string, token: string | undefined) {
    if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")) {
      throw usageError(`"${url}" is no address of a server; write something like http://localhost:7331.`);
    }
    this.name = url;
    this.#client = createClient({ url, token });
  }

  async runIdsLike(part: string, limit: number): Promise<string[]> {
    const begin: string[] = [];
    const end: string[] = [];
    let looked = 0;
    await this.#told(async ({ runs }) => {
      for await (const { runId } of runs.list({ limit: largestPage })) {
        if (runId.startsWith(part)) begin.push(runId);
        else if (runId.endsWith(part)) end.push(runId);
        if (++looked === lookedThrough) return;
      }
    });
    return (begin.length > 0 ? begin : end).slice(0, limit);
  }

  async runIdsSharing(): Promise<string[]> {
    return [];
  }

  async elsewhere(): Promise<undefined> {}

  listRuns(query: RunsQuery): Promise<RunListItem[]> {
    return this.#told(async ({ runs }) => (await runs.list(query).page()).items);
  }

  findRun(runId: string): Promise<RunDetail> {
    return this.#told(({ runs }) => runs.get(runId));
  }

  listNodes(runId: string): Promise<NodeItem[]> {
    return this.#told(({ runs }) => Array.fromAsync(runs.nodes(runId)));
  }

  events(runId: string, afterSeq: number, follow: boolean): AsyncGenerator<RunEvent> {
    return this.#client.runs.events(runId, { afterSeq, follow, patienceMs });
  }

  listFrames(runId: string, afterFrameNo: number, limit: number): Promise<Frame[]> {
    return this.#told(async ({ runs }) => (await runs.frames(runId, { limit, afterFrameNo }).page()).items);
  }

  async listApprovals(runId: string): Promise<ApprovalItem[]> {
    const all = await this.#told(({ approvals }) => approvals.list());
    return all.filter((approval) => approval.runId === runId);
  }

  async decide({ runId, nodeId, status, ...body }: Decision): Promise<void> {
    const verb = status === "granted" ? "approve" : "deny";
    await this.#told(({ approvals }) => approvals[verb](runId, nodeId, body));
  }

  signal(runId: string, name: string, body: SignalBody): Promise<SignalAnswer> {
    return this.#told(({ signals }) => signals.send(runId, name, body));
  }

  async cancel(runId: string): Promise<void> {
    await this.#told(({ runs }) => runs.cancel(runId));
  }

  async resume(runId: string, workflowPath: string | undefined): Promise<void> {
    await this.#told(({ runs }) => runs.resume(runId, { workflowPath }));
  }

  async isTakenIn(): Promise<boolean> {
    return true;
  }

  async close(): Promise<void> {}

  /** What the server answers; says so where it has no such route. */
  async #told<Answer>(ask: (client: SmithersClient) => Promise<Answer>): Promise<Answer> {
    try {
      return await ask(this.#client);
    } catch (error) {
      if (!isSmithersError(error) || error.code !== "NOT_FOUND") throw error;
      throw usageError(
        `${this.name} serves no list of runs: it may serve one run alone, as smithers up --serve does. Read its database with --db.`,
      );
    }
  }
}
