import { leaseLost } from "../../../errors/index.ts";
import type { Approval, CommittedEvent, NewEvent, Run } from "../../../model/index.ts";
import { maxTreeDepth, wholeTree } from "../../stored-trees.ts";
import { tables } from "../../tables.ts";
import { type FrameRecord, mayBeCancelledInstead, type TurnRecord } from "../../turn.ts";
import type { EncodedFrame } from "../batch.ts";
import type { KnownTrees } from "../known-trees.ts";
import type { Write } from "../writer.ts";
import { encodeRow, encodeRows, eventsToAppend } from "./rows.ts";

/** Writes all of a turn, or nothing; see `Store.commitTurn`. */
export function turnWrite(turn: TurnRecord, trees: KnownTrees): Write<CommittedEvent[] | "cancel-pending"> {
  const { lease, nowMs, run } = turn;
  const { runId, owner, leaseNo } = lease;
  const events = eventsToAppend(runId, turn.events, nowMs);
  const { status } = run;
  return {
    runId,
    waits: true,
    ...((turn.toldRun !== undefined || turn.successor || turn.children || turn.unwantedChildren) && { news: true }),
    encode: (whole) => ({
      turn: {
        owner,
        leaseNo,
        nowMs,
        run: Object.fromEntries(tables.runs.encodeChange(run)),
        release: run.release === true,
        ends: mayBeCancelledInstead(status),
        nodes: encodeRows(tables.nodes, turn.nodes),
        startedAttempts: turn.startedAttempts.map((attempt) => encodeRow(tables.attempts, attempt)),
        endedAttempts: turn.endedAttempts.map((end) => [
          end.nodeId,
          end.iteration,
          end.attempt,
          end.state,
          end.error && JSON.stringify(end.error),
          end.stack,
        ]),
        outputs: encodeRows(tables.outputs, turn.outputs),
        frame: turn.frame && encodeFrame(turn.frame, trees, whole),
        events: events.encoded,
        rest: encodeRest(turn),
      },
    }),
    decode(answer) {
      if (answer === "cancel-pending") return answer;
      if (answer === "lease-lost") throw leaseLost(runId);
      if (turn.frame) trees.stored(turn.frame.tree.treeHash, turn.frame.difference?.baseHash);
      return events.numbered(answer as number);
    },
  };
}

/** What few turns have; undefined without any of it. */
function encodeRest(turn: TurnRecord): object | undefined {
  const asked = turn.approvals.filter((approval) => approval.status === "requested");
  // A question that is asked again after it was closed is open.
  const closed = turn.approvals.filter(
    (approval, index) =>
      approval.status !== "requested" &&
      !turn.approvals.slice(index).some((later) => later.status === "requested" && isSameNode(later, approval)),
  );
  const rest = {
    ...list(
      "endedCalls",
      turn.endedToolCalls.map((end) => [
        end.nodeId,
        end.iteration,
        end.attempt,
        end.callNo,
        end.error === null ? "finished" : "failed",
        end.finishedAtMs,
        end.error && JSON.stringify(end.error),
      ]),
    ),
    ...list("approvals", encodeRows(tables.approvals, asked)),
    ...list(
      "closedApprovals",
      closed.map(({ nodeId, iteration, status }) => [nodeId, iteration, status]),
    ),
    ...list(
      "consumed",
      turn.consumedSignals.map(({ seq, nodeId, iteration }) => [seq, nodeId, iteration]),
    ),
    ...list(
      "timers",
      lastOfEach(turn.timers, ({ nodeId, iteration }) => `${iteration} ${nodeId}`).map((timer) => [
        timer.nodeId,
        timer.iteration,
        timer.firesAtMs,
        timer.state,
      ]),
    ),
    ...list(
      "cached",
      lastOfEach(turn.cached, ({ cacheKey }) => cacheKey).map(({ cacheKey, json }) => [cacheKey, json]),
    ),
    ...encodeRelatives(turn),
  };
  return Object.keys(rest).length === 0 ? undefined : rest;
}

/** What the turn means for the run that continues this one, for its Subflows and for its parent. */
function encodeRelatives({ successor, children = [], unwantedChildren = [], toldRun, nowMs }: TurnRecord): object {
  const started = (run: Run, events: readonly NewEvent[]) => ({
    run: encodeRow(tables.runs, { ...run, lastSeq: events.length }),
    events: eventsToAppend(run.runId, events, nowMs).encoded,
  });
  return {
    ...(successor && {
      successor: { ...started(successor.run, successor.events), ...(successor.carriesOn && { carriesOn: true }) },
    }),
    ...list(
      "children",
      children.map(({ run, events, reopenEvents }) => ({
        ...started(run, events),
        reopenEvents: eventsToAppend(run.runId, reopenEvents, nowMs).encoded,
      })),
    ),
    ...list(
      "unwantedChildren",
      unwantedChildren.map(({ nodeId, iteration }) => [nodeId, iteration]),
    ),
    ...(toldRun !== undefined && { toldRun }),
  };
}

const isSameNode = (a: Place, b: Place) => a.nodeId === b.nodeId && a.iteration === b.iteration;

type Place = Pick<Approval, "nodeId" | "iteration">;

/** What is empty is left out. */
function list(name: string, values: readonly unknown[]): Record<string, readonly unknown[]> {
  return values.length === 0 ? {} : { [name]: values };
}

function lastOfEach<T>(values: readonly T[], keyOf: (value: T) => string): T[] {
  return values.length < 2 ? [...values] : [...new Map(values.map((value) => [keyOf(value), value])).values()];
}

function encodeFrame({ frameNo, tree, difference }: FrameRecord, trees: KnownTrees, whole: boolean): EncodedFrame {
  const frame = { no: frameNo, hash: tree.treeHash };
  if (!whole && trees.has(tree.treeHash)) return frame;
  const { xmlHash } = tree;
  if (whole || !difference || !trees.canBuildOn(difference.baseHash)) {
    return { ...frame, xmlHash, json: wholeTree(tree) };
  }
  return { ...frame, xmlHash, json: difference.json, base: difference.baseHash, maxDepth: maxTreeDepth };
}
