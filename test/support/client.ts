import {
  type ApprovalItem,
  type ApprovalsClient,
  createClient,
  type NodeItem,
  type RunDetail,
  type RunListItem,
  type RunsClient,
  type SignalsClient,
  type StartOptions,
  type WorkflowsClient,
} from "../../src/client/index.ts";
import type { SmithersEvent } from "../../src/model/index.ts";
import { Wire } from "./wire.ts";

export interface Message {
  readonly id: number;
  readonly event: SmithersEvent;
}

/** A test whose server has died fails at once. */
const patienceMs = 0;

/** The package's client, with what a test does most in fewer words, and the {@link Wire} for what no client sends. */
export class Client extends Wire {
  readonly runs: RunsClient;
  readonly approvals: ApprovalsClient;
  readonly signals: SignalsClient;
  readonly workflows: WorkflowsClient;

  constructor(url: string, token?: string) {
    super(url, token);
    const client = createClient({ url, token, fetch: (address, init) => this.fetch(address, init) });
    this.runs = client.runs;
    this.approvals = client.approvals;
    this.signals = client.signals;
    this.workflows = client.workflows;
  }

  /** Starts a run and gives its id. */
  async start(workflowPath: string, input: unknown = {}, more: Partial<StartOptions> = {}): Promise<string> {
    const options = { workflowPath, input: input as StartOptions["input"], patienceMs, ...more };
    return (await this.runs.start(options)).runId;
  }

  run(runId: string): Promise<RunDetail> {
    return this.runs.get(runId);
  }

  /** Every run of the server, newest first. */
  allRuns(): Promise<RunListItem[]> {
    return Array.fromAsync(this.runs.list());
  }

  nodes(runId: string): Promise<NodeItem[]> {
    return Array.fromAsync(this.runs.nodes(runId));
  }

  /** What a run asks people, of all that the server's runs ask. */
  async approvalsOf(runId: string): Promise<ApprovalItem[]> {
    return (await this.approvals.list()).filter((item) => item.runId === runId);
  }

  /** A run's events until it has ended, or the caller leaves the loop. */
  async *events(runId: string, { afterSeq }: { afterSeq?: number } = {}): AsyncGenerator<Message> {
    for await (const { seq, ...event } of this.runs.events(runId, { afterSeq, patienceMs })) {
      yield { id: seq, event: event as SmithersEvent };
    }
  }

  /** The first event that fits, stored or to come. */
  async until(runId: string, fits: (event: SmithersEvent) => boolean, afterSeq?: number): Promise<Message> {
    for await (const message of this.events(runId, { afterSeq })) if (fits(message.event)) return message;
    throw new Error(`The run ${runId} ended before the event came.`);
  }

  /** Waits until a run has ended, and reads it; a run that continues as another has ended too. */
  async end(runId: string): Promise<RunDetail> {
    for await (const _ of this.events(runId));
    return this.run(runId);
  }

  /** Starts a run and waits for its end. */
  async complete(workflowPath: string, input: unknown = {}, more: Partial<StartOptions> = {}): Promise<RunDetail> {
    return this.end(await this.start(workflowPath, input, more));
  }
}
