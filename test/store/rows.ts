import { type Approval, type Moment, type Node, noRunWake, notBegun, type Run } from "../../src/model/index.ts";

/** A moment of a wall clock, and of a steady clock of its own. */
export function momentAt(nowMs: number, steadyMs = 0): Moment {
  return { nowMs, steadyMs, steadyClock: "this boot" };
}

/** A run's row; a run that an owner executes, unless `given` says otherwise. */
export function runRow(given: Partial<Run> = {}): Run {
  return {
    runId: "r",
    home: null,
    workflowName: "w",
    workflowPath: "w.tsx",
    workflowHash: null,
    status: "running",
    input: {},
    config: {},
    createdAtMs: 1_000,
    startedAtMs: 1_000,
    finishedAtMs: null,
    heartbeatAtMs: 1_000,
    owner: "me",
    leaseNo: 7,
    lastSeq: 0,
    frameNo: 0,
    inboxNo: 0,
    takenNo: 0,
    ...noRunWake,
    cancelRequestedAtMs: null,
    parentRunId: null,
    parentNodeId: null,
    parentIteration: null,
    continuedFrom: null,
    continuedAs: null,
    continuation: null,
    traceparent: null,
    crashes: 0,
    reopened: 0,
    loops: {},
    outputNodeId: null,
    outputIteration: null,
    error: null,
    wakeFailure: null,
    queuedAtMs: null,
    ...given,
  };
}

/** A node's row; one that is pending, unless `given` says otherwise. */
export function nodeRow(given: Partial<Node> = {}): Node {
  return {
    runId: "r",
    nodeId: "n",
    iteration: 0,
    kind: "compute",
    ...notBegun,
    ordinal: 0,
    label: null,
    loopId: null,
    attempt: 0,
    ...given,
  };
}

/** An approval's row; one that is awaited, unless `given` says otherwise. */
export function approvalRow(given: Partial<Approval> = {}): Approval {
  return {
    runId: "r",
    nodeId: "n",
    iteration: 0,
    status: "requested",
    mode: "approve",
    label: null,
    title: "Go on?",
    summary: null,
    metadata: null,
    options: null,
    requestedAtMs: 1_000,
    decidedAtMs: null,
    decidedBy: null,
    note: null,
    selected: null,
    ranked: null,
    form: null,
    asked: null,
    refusal: null,
    data: null,
    onDeny: "skip",
    ...given,
  };
}
