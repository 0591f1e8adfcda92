import type { NewEvent, Output, Run } from "../../../src/model/index.ts";
import type { Lease, Store, TurnRecord } from "../../../src/store/index.ts";
import { approvalRow, nodeRow, runRow } from "../rows.ts";

/** The clock's time when something is asked for. */
export const nowMs = 5_000;

/** A query for all nodes of a run, with their outputs. */
export const everyNode = { limit: 1_000, maxOutputBytes: 1_000 };

/** Records a run, which is `r` and held by `me` unless `given` says otherwise, and returns its lease. */
export async function startRun(store: Store, given: Partial<Run> = {}): Promise<Lease> {
  const run = runRow(given);
  await store.startOnce(run, [{ type: "RunStarted", workflowName: run.workflowName }]);
  return { runId: run.runId, owner: run.owner!, leaseNo: run.leaseNo };
}

/** A turn that writes what is given and nothing else. */
export function turn(lease: Lease, given: Partial<TurnRecord> = {}): TurnRecord {
  return {
    lease,
    nowMs: 2_000,
    run: {},
    nodes: [],
    startedAttempts: [],
    endedAttempts: [],
    endedToolCalls: [],
    outputs: [],
    approvals: [],
    consumedSignals: [],
    timers: [],
    cached: [],
    events: [],
    ...given,
  };
}

export function commit(store: Store, lease: Lease, given: Partial<TurnRecord> = {}) {
  return store.commitTurn(turn(lease, given));
}

/** Parks a run: it waits, and nothing executes it. */
export function park(store: Store, lease: Lease, given: TurnRecord["run"] = {}) {
  return commit(store, lease, { run: { status: "waiting-event", release: true, ...given } });
}

/** Ends a run. */
export function end(store: Store, lease: Lease, status: "finished" | "failed" | "cancelled", finishedAtMs = 3_000) {
  const types = { finished: "RunFinished", cancelled: "RunCancelled" } as const;
  const event: NewEvent =
    status === "failed" ? { type: "RunFailed", error: { code: "X", message: "no" } } : { type: types[status] };
  return commit(store, lease, { run: { status, finishedAtMs, release: true }, events: [event] });
}

/** A node's event. */
export function nodeEvent(nodeId: string, iteration = 0): NewEvent {
  return { type: "NodePending", nodeId, iteration };
}

/** An output's row. */
export function outputRow(given: Partial<Output> = {}): Output {
  return {
    runId: "r",
    nodeId: "n",
    iteration: 0,
    outputNo: 1,
    schemaKey: "result",
    schemaHash: "h",
    json: "1",
    ...given,
  };
}

/** Lets a run wait for a decision on its node `n`. */
export function askApproval(store: Store, lease: Lease, wakeAtMs: number | null = null) {
  const { runId } = lease;
  return commit(store, lease, {
    run: { status: "waiting-approval", wakeAtMs, release: true },
    nodes: [nodeRow({ runId, kind: "approval", state: "waiting-approval", startedAtMs: 2_000, wakeAtMs })],
    approvals: [approvalRow({ runId })],
  });
}
