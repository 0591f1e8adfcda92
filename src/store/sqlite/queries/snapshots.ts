import type { FramesQuery } from "../../../api/index.ts";
import type { Run } from "../../../model/index.ts";
import { type Driver, moment } from "../../../runtime/index.ts";
import type {
  FramePage,
  NodePageQuery,
  NodeSnapshot,
  RunDetailSnapshot,
  RunOutcome,
  RunOverviewSnapshot,
  RunSnapshot,
  StoredRun,
} from "../../snapshots.ts";
import { framesIn, lastTreeHash } from "./frames.ts";
import { withHealthSignals } from "./health-signals.ts";
import { approvalsNamed, approvalsOf, pendingApprovals, pendingSignals } from "./inbox.ts";
import { readNodes } from "./node-pages.ts";
import {
  attemptsOf,
  countNodes,
  findListedOutput,
  findNode,
  findOutput,
  lastIteration,
  loadedOutputs,
  nodesOf,
  runningAttempts,
  toolCallsOf,
} from "./nodes.ts";
import { findRun } from "./runs.ts";

// Reads that belong together. Call each of them in one snapshot.

export function readStoredRun(driver: Driver, runId: string): StoredRun | undefined {
  const run = findRun(driver, runId);
  if (!run) return undefined;
  const nodes = nodesOf(driver, runId);
  return {
    run,
    nodes,
    outputs: loadedOutputs(driver, runId),
    approvals: approvalsOf(driver, runId),
    signals: pendingSignals(driver, runId),
    runningAttempts: nodes.some(({ state }) => state === "in-progress") ? runningAttempts(driver, runId) : [],
    treeHash: lastTreeHash(driver, runId),
  };
}

export function readRuns(driver: Driver, runIds: readonly string[]): RunSnapshot[] {
  return runIds.flatMap((runId) => {
    const run = findRun(driver, runId);
    return run ? withHealthSignals(driver, run) : [];
  });
}

export function readRunDetail(driver: Driver, runId: string): RunDetailSnapshot | undefined {
  const run = findRun(driver, runId);
  if (!run) return undefined;
  return {
    ...withHealthSignals(driver, run),
    output: ofLast(run, (...place) => findListedOutput(driver, ...place)),
    nodeCounts: countNodes(driver, runId),
  };
}

export function readOutcome(driver: Driver, runId: string): RunOutcome | undefined {
  const run = findRun(driver, runId);
  const output = run && ofLast(run, (...place) => findOutput(driver, ...place));
  return run && { run, output: output && JSON.parse(output.json) };
}

/** Finds something of the output of the task that finished last. */
function ofLast<T>(
  { runId, outputNodeId, outputIteration }: Run,
  find: (runId: string, nodeId: string, iteration: number) => T | undefined,
): T | undefined {
  return outputNodeId === null || outputIteration === null ? undefined : find(runId, outputNodeId, outputIteration);
}

export function readOverview(
  driver: Driver,
  runId: string,
  query: NodePageQuery,
  nowMs: number,
): RunOverviewSnapshot | undefined {
  const detail = readRunDetail(driver, runId);
  if (!detail) return undefined;
  return {
    ...detail,
    ...readNodes(driver, runId, query)!,
    frame: framesIn(driver, runId, { order: "desc", afterFrameNo: 0, limit: 1 }).frames[0],
    approvals: pendingApprovals(driver, { runId, nowMs, limit: Number.MAX_SAFE_INTEGER }, moment()),
  };
}

export function readNode(driver: Driver, runId: string, nodeId: string, given?: number): NodeSnapshot | undefined {
  const run = findRun(driver, runId);
  const iteration = given ?? lastIteration(driver, runId, nodeId);
  const node = run && iteration !== undefined ? findNode(driver, runId, nodeId, iteration) : undefined;
  if (!run || !node || iteration === undefined) return undefined;
  return {
    run,
    node,
    output: findListedOutput(driver, runId, nodeId, iteration),
    approval: approvalsNamed(driver, runId, nodeId).find((one) => one.iteration === iteration),
    attempts: attemptsOf(driver, runId, nodeId, iteration),
    toolCalls: toolCallsOf(driver, runId, nodeId, iteration),
  };
}

export function readFrames(driver: Driver, runId: string, query: FramesQuery): FramePage | undefined {
  const run = findRun(driver, runId);
  return run && { run, ...framesIn(driver, runId, query) };
}
