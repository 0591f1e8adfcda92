import type { SmithersError } from "../../errors/index.ts";
import { type CommittedEvent, isWaiting, type NewEvent, type Run, type WakeFailure } from "../../model/index.ts";
import { moment } from "../../runtime/index.ts";
import type { StoreObserver } from "../observer.ts";
import type {
  BegunToolCall,
  Decision,
  Idempotency,
  NewSignal,
  NewToolCall,
  NodeToRetry,
  ReceivedSignal,
  Reopened,
  RetriedNode,
  SchemaRecord,
  Started,
} from "../requests.ts";
import { judgeCancel } from "../rules/cancel.ts";
import { judgeDecision } from "../rules/decision.ts";
import { judgeRetry } from "../rules/retry.ts";
import { judgeSignal } from "../rules/signal.ts";
import type { StoreDescription, TakenRun } from "../snapshots.ts";
import type { LocalStore } from "../store.ts";
import type { Lease, TurnRecord } from "../turn.ts";
import type { PgClient } from "./client.ts";
import { checkDatabase, describeDatabase } from "./condition.ts";
import { Database } from "./database.ts";
import { InOrder } from "./in-order.ts";
import { KnownTrees } from "./known-trees.ts";
import { PostgresMaintenance } from "./maintenance.ts";
import { PostgresMirroredRuns } from "./mirrored-runs.ts";
import { cancelWrite, changed, decideWrite, retryWrite, signalWrite } from "./operations/inbox.ts";
import { beatWrite, probeWrite, reopenWrite, takeLeaseWrite, wakeFailureWrite } from "./operations/leases.ts";
import { startWrite } from "./operations/start.ts";
import { beginToolCallWrite } from "./operations/tool-call.ts";
import { turnWrite } from "./operations/turn.ts";
import { Presence } from "./presence.ts";
import { decisionRows, retryRows, signalRows } from "./queries/inbox.ts";
import { takeQueued } from "./queries/queued.ts";
import { selectRun } from "./queries/runs.ts";
import { PostgresReads } from "./reads.ts";
import { encodeTexts, isStorable } from "./text.ts";
import { ChangeWatch } from "./watch.ts";
import { PostgresWriter } from "./writer.ts";

const isParked = ({ owner, status }: Run) => owner === null && isWaiting(status);

/** What a store is opened with. */
export interface PostgresStoreParts {
  readonly id: string;
  readonly writer: PgClient;
  /** May be the same client. */
  readonly reader: PgClient;
  /** For statements that may take long. May be the same client. */
  readonly patient: PgClient;
  /** A client with one connection that stays open; undefined when the caller's own client is used. */
  readonly keeper: PgClient | undefined;
  readonly schema: string;
  /** Number of the schema's last migration. */
  readonly version: number;
}

/** A store in a schema of a Postgres database, which other servers may use at the same time. */
export class PostgresStore extends PostgresReads implements LocalStore {
  readonly id: string;
  readonly privateFiles: readonly string[] = [];
  readonly maintenance: PostgresMaintenance;
  readonly mirroredRuns: PostgresMirroredRuns;
  readonly #parts: PostgresStoreParts;
  readonly #writer: PostgresWriter;
  readonly #watch: ChangeWatch;
  readonly #presence: Presence | undefined;
  readonly #trees = new KnownTrees();
  readonly #schemas = new Set<string>();
  /** What is judged by what was read before: one write of a run at a time. */
  readonly #judged = new InOrder();
  readonly #reading = new Set<Promise<unknown>>();

  constructor(parts: PostgresStoreParts) {
    super(new Database(parts));
    this.#parts = parts;
    this.id = parts.id;
    this.#presence = parts.keeper && new Presence(parts.keeper, this.database, () => this.#reconnect());
    this.#watch = new ChangeWatch(this.database, this.#presence);
    this.#writer = new PostgresWriter(parts.writer, this.database, (change) => this.#watch.announce(change));
    this.maintenance = new PostgresMaintenance(this.database);
    this.mirroredRuns = new PostgresMirroredRuns(this.database, this.#writer);
  }

  get trouble(): SmithersError | undefined {
    return this.database.damage ?? this.#writer.trouble;
  }

  get queueDepth(): number {
    return this.#writer.queueDepth;
  }

  get goneOwners(): ReadonlySet<string> | undefined {
    return this.#presence?.gone;
  }

  startOnce(run: Run, events: readonly NewEvent[], idempotency?: Idempotency): Promise<Started> {
    if (run.owner !== null) this.#presence?.add(run.owner);
    return this.#writer.write(startWrite(run, events, idempotency));
  }

  async registerSchemas(schemas: readonly SchemaRecord[]): Promise<void> {
    const unknown = schemas.filter(({ key, hash }) => !this.#schemas.has(`${key}\0${hash}`));
    if (unknown.length === 0) return;
    const records = unknown.map(({ key, hash, columns }) => [key, hash, JSON.stringify(columns.filter(isStorable))]);
    await this.database.texts("SELECT _smithers_register($1::text)", encodeTexts(JSON.stringify(records)));
    for (const { key, hash } of unknown) this.#schemas.add(`${key}\0${hash}`);
  }

  takeLease(runId: string, owner: string, seenLeaseNo: number, nowMs: number): Promise<Lease | undefined> {
    this.#presence?.add(owner);
    return this.#writer.write(takeLeaseWrite(runId, owner, seenLeaseNo, nowMs));
  }

  reopen(runId: string, owner: string, seenLeaseNo: number, nowMs: number): Promise<Reopened | undefined> {
    this.#presence?.add(owner);
    return this.#writer.write(reopenWrite(runId, owner, seenLeaseNo, nowMs));
  }

  takeQueued(owner: string, limit: number, nowMs: number): Promise<TakenRun[]> {
    this.#presence?.add(owner);
    return takeQueued(this.database, owner, limit, nowMs);
  }

  noteWakeFailure(runId: string, seenLeaseNo: number, failure: WakeFailure): Promise<void> {
    return this.#writer.write(wakeFailureWrite(runId, seenLeaseNo, failure));
  }

  beat(leases: readonly Lease[], nowMs: number): Promise<Lease[]> {
    return this.#writer.write(beatWrite(leases, nowMs));
  }

  commitTurn(turn: TurnRecord): Promise<CommittedEvent[] | "cancel-pending"> {
    return this.#writer.write(turnWrite(turn, this.#trees));
  }

  beginToolCall(lease: Lease, call: NewToolCall, nowMs: number): Promise<BegunToolCall> {
    return this.#writer.write(beginToolCallWrite(lease, call, nowMs));
  }

  requestCancel(runId: string, nowMs: number): Promise<Run> {
    return this.#judge(runId, async () => {
      const run = judgeCancel(await selectRun(this.database, runId), runId);
      return this.#writer.write(cancelWrite(run, nowMs));
    });
  }

  decide(decision: Decision, nowMs: number): Promise<CommittedEvent[]> {
    const { runId, nodeId } = decision;
    return this.#judge(runId, async () => {
      const rows = await decisionRows(this.database, runId, nodeId);
      // Uses the clocks at the time of the write, so that a decision cannot count as in time after its run has found it
      // too late.
      const now = { ...moment(), nowMs: Math.max(nowMs, Date.now()) };
      const judged = judgeDecision(rows, decision, now);
      return judged ? this.#writer.write(decideWrite(judged, now)) : [];
    });
  }

  async receiveSignal(signal: NewSignal, nowMs: number, takeFor?: string): Promise<ReceivedSignal> {
    let taken: TakenRun | undefined;
    const received = await this.#judge(signal.runId, async () => {
      const rows = await signalRows(this.database, signal.runId);
      const judged = judgeSignal(rows, signal, nowMs);
      // Both are of one batch, and so of one transaction.
      const written = this.#writer.write(signalWrite(judged, nowMs));
      const take = takeFor !== undefined && isParked(rows.run!) ? this.#take(rows.run!, takeFor, nowMs) : undefined;
      const [result, run] = await Promise.all([written, take]);
      // When the signal has to be judged again, the run is already taken.
      taken = run ?? taken;
      return result;
    });
    return taken ? { ...received, taken } : received;
  }

  async #take(run: Run, owner: string, nowMs: number): Promise<TakenRun | undefined> {
    const lease = await this.takeLease(run.runId, owner, run.leaseNo, nowMs);
    return lease && { run: { ...run, owner, leaseNo: lease.leaseNo }, lease };
  }

  retryNode(node: NodeToRetry, seenLeaseNo: number, nowMs: number): Promise<RetriedNode> {
    return this.#judge(node.runId, async () => {
      const rows = await retryRows(this.database, node.runId, node.nodeId);
      const judged = judgeRetry(rows, node, seenLeaseNo);
      return this.#writer.write(retryWrite(rows.run!, node, judged, nowMs));
    });
  }

  check(): Promise<void> {
    return checkDatabase(this.database, this.#writer);
  }

  probe(): Promise<void> {
    return this.#writer.write(probeWrite);
  }

  describe({ integrity = false }: { readonly integrity?: boolean } = {}): Promise<StoreDescription> {
    return describeDatabase(this.database, this.#parts.version, integrity);
  }

  watch(listener: (runIds?: readonly string[]) => void): () => void {
    return this.#watch.watch(listener);
  }

  observe(observer: StoreObserver): void {
    this.#writer.observe(observer);
  }

  async close(): Promise<void> {
    // A request that is being judged has a write to come.
    await Promise.allSettled(this.#reading);
    await this.#writer.close();
    await this.#watch.stop();
    const { writer, reader, patient, keeper } = this.#parts;
    await Promise.all([writer.close(), reader.close(), patient.close(), keeper?.close()]);
  }

  /** Gives up all connections: the server that they lead to does not answer. */
  #reconnect(): void {
    const { writer, reader, patient, keeper } = this.#parts;
    for (const client of [keeper, writer, reader, patient]) client?.reconnect?.({ elsewhere: client === keeper });
  }

  /** Reads, judges and writes; again when something has changed between the reading and the writing. */
  async #judge<T>(runId: string, attempt: () => Promise<T | typeof changed>): Promise<T> {
    const work = this.#judged.run(runId, async () => {
      for (;;) {
        const result = await attempt();
        if (result !== changed) return result as T;
      }
    });
    this.#reading.add(work);
    try {
      return await work;
    } finally {
      this.#reading.delete(work);
    }
  }
}
