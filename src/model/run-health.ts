import type { Node, Run, WakeFailure } from "./entities.ts";
import { isQuotaWait, quotaOf } from "./quota.ts";
import type { RunHealth } from "./run-health-schema.ts";
import { isWaiting } from "./status.ts";

/** A running run is stale when its owner's last heartbeat is older than this. */
export const staleAfterMs = 30_000;

/** A parked run takes in what arrives for it within milliseconds, unless it cannot be continued. */
const takenInAfterMs = 5_000;
/** Failures of a node that make a run unhealthy. One failure is normal: retries handle it. */
const manyFailures = 2;

/** Facts about a run's health that are not in its row. */
export interface HealthSignals {
  /** While the run waits: the waiting nodes, the oldest wait first. While it runs: the nodes that are being retried. */
  readonly nodes: readonly Node[];
  /** When the oldest signal or decision arrived that the parked run has not taken in. */
  readonly newsAtMs: number | null;
  /** Whether the run's owner is known to be dead. */
  readonly ownerIsGone?: boolean;
}

/** A run whose code keeps its worker process from answering. */
export interface BlockingRun {
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
  /** False when the worker may be in the code of another run as well. */
  readonly isCertain: boolean;
  readonly nodeId?: string;
  readonly iteration?: number;
}

/** The health of a run whose code blocks its worker. */
export function blockingHealth(health: RunHealth, { heartbeatAtMs }: Run, blocking: BlockingRun): RunHealth {
  const { sinceMs, isCertain, nodeId, iteration } = blocking;
  const where = nodeId === undefined ? "the rendering of the workflow" : `the node "${nodeId}"`;
  const since = new Date(sinceMs).toISOString();
  const what = isCertain ? where : `${where}, or the code of another run,`;
  const reason = `The worker process has not answered since ${since}: ${what} computes without a pause, or without an end.`;
  const unblock = "none: a worker that does not answer in time is killed, and the run continues in another";
  return { ...health, unhealthy: { kind: "blocking", reason, unblock, sinceMs, heartbeatAtMs, nodeId, iteration } };
}

/** The calls that continue a run, as its host names them. */
export interface ContinuingCalls {
  decide(nodeId: string): string;
  signal(event: string): string;
  readonly resume: string;
}

function callsOfServer(runId: string): ContinuingCalls {
  return {
    decide: (nodeId) => {
      const node = `/v1/runs/${runId}/nodes/${encodeURIComponent(nodeId)}`;
      return `POST ${node}/approve or POST ${node}/deny`;
    },
    signal: (event) => `POST /v1/runs/${runId}/signals/${encodeURIComponent(event)}`,
    resume: `POST /v1/runs/${runId}/resume`,
  };
}

/**
 * Derives a run's health; `nowMs` is the clock's time.
 * @param calls default: the routes of a server with many runs
 */
export function deriveRunHealth(
  run: Run,
  signs: HealthSignals,
  nowMs: number,
  staleMs = staleAfterMs,
  calls: ContinuingCalls = callsOfServer(run.runId),
): RunHealth {
  const computedAt = new Date(nowMs).toISOString();
  const base = { runId: run.runId, computedAt };
  const { status, heartbeatAtMs } = run;
  if (isWaiting(status)) {
    const node = signs.nodes.find((one) =>
      status === "waiting-quota" ? isQuotaWait(one) || one.kind === "subflow" : one.state === status,
    );
    const unhealthy = notContinued(run, signs, nowMs, calls);
    const blocked = node && blockedBy(node, calls);
    return {
      ...base,
      state: status,
      ...(blocked && { blocked: { ...blocked, ...wayOut(run, node, nowMs) } }),
      ...(unhealthy && { unhealthy }),
    };
  }
  if (status === "running") {
    const silentMs = nowMs - (heartbeatAtMs ?? run.createdAtMs);
    if (run.wakeFailure) return { ...base, state: "stale", unhealthy: cannotContinue(run, run.wakeFailure) };
    // A process that stops releases its runs at once. A copy of another database's run has no owner anyway.
    const isQueued = run.queuedAtMs !== null && run.home === null;
    const isFree = run.owner === null && run.home === null;
    if (isFree && isQueued) return { ...base, state: "running", queued: queuedOf(run) };
    if (isFree || silentMs > staleMs || signs.ownerIsGone) {
      const what = isFree
        ? "No process executes it"
        : signs.ownerIsGone
          ? "Its process is gone"
          : `No heartbeat for ${Math.round(silentMs / 1000)} s`;
      const unblock = `none: the next server that finds the run continues it; or ${calls.resume}`;
      const sinceMs = heartbeatAtMs ?? run.createdAtMs;
      return {
        ...base,
        state: "stale",
        unhealthy: { kind: "stale", reason: `${what}.`, unblock, sinceMs, heartbeatAtMs },
      };
    }
    const unhealthy = retrying(run, signs);
    return {
      ...base,
      state: "running",
      ...(isQueued && { queued: queuedOf(run) }),
      ...(unhealthy && { unhealthy }),
    };
  }
  return { ...base, state: status === "failed" || status === "cancelled" ? status : "succeeded" };
}

function queuedOf({ queuedAtMs, owner }: Run): RunHealth["queued"] {
  const reason =
    owner === null
      ? "The run waits for a free place on a server: all that use this database are full, or none is running."
      : "The run has tasks that wait for a free place on this server: its maxConcurrency attempts are running.";
  return { sinceMs: queuedAtMs!, reason };
}

function notContinued(
  run: Run,
  { newsAtMs }: HealthSignals,
  nowMs: number,
  calls: ContinuingCalls,
): RunHealth["unhealthy"] {
  if (run.wakeFailure) return cannotContinue(run, run.wakeFailure);
  if (newsAtMs === null || nowMs - newsAtMs < takenInAfterMs) return undefined;
  const since = new Date(newsAtMs).toISOString();
  const reason = `Something arrived at ${since}, but no process has continued the run.`;
  const unblock = `${calls.resume}, once the workflow file loads`;
  return { kind: "not-continued", reason, unblock, sinceMs: newsAtMs, heartbeatAtMs: run.heartbeatAtMs };
}

function cannotContinue(run: Run, { code, reason, sinceMs }: WakeFailure): RunHealth["unhealthy"] {
  const unblock = "none: the run continues by itself after the repair";
  return { kind: "not-continued", code, reason, unblock, sinceMs, heartbeatAtMs: run.heartbeatAtMs };
}

/** What unblocks a run whose wait is over, or that cannot continue. */
function wayOut({ wakeFailure }: Run, { wakeAtMs }: Node, nowMs: number): { unblock: string } | undefined {
  if (wakeFailure) {
    return { unblock: `Repair what keeps the run from continuing; it then continues by itself: ${wakeFailure.reason}` };
  }
  return wakeAtMs !== null && wakeAtMs <= nowMs
    ? { unblock: "none: the time is up, and the run continues by itself" }
    : undefined;
}

function retrying({ heartbeatAtMs }: Run, { nodes }: HealthSignals): RunHealth["unhealthy"] {
  const failuresOf = (node: Node) => node.failures + node.lostAttempts;
  const worst = [...nodes].sort((a, b) => failuresOf(b) - failuresOf(a))[0];
  if (!worst || failuresOf(worst) < manyFailures) return undefined;
  const { nodeId, iteration, state, wakeAtMs, error } = worst;
  const failures = failuresOf(worst);
  const isPaused = state === "pending" && wakeAtMs !== null;
  const when = isPaused ? `is retried at ${new Date(wakeAtMs).toISOString()}` : "is being retried";
  const reason = `"${nodeId}" has failed ${failures} times and ${when}${error ? `: ${error.message}` : "."}`;
  const at = { nodeId, iteration, failures, nextAttemptAtMs: isPaused ? wakeAtMs : null };
  return { kind: "retrying", reason, sinceMs: worst.startedAtMs ?? undefined, heartbeatAtMs, ...at };
}

/** What a subflow waits for, as far as its own node says it; see {@link withChild}. */
function blockedByChild({ nodeId, iteration, state, startedAtMs, awaits }: Node): RunHealth["blocked"] {
  const kind = state === "waiting-approval" ? "approval" : state === "waiting-event" ? "event" : "timer";
  const unblock = awaits === null ? "what continues its run" : `GET /v1/runs/${awaits} says what continues its run`;
  return {
    kind,
    nodeId,
    iteration,
    sinceMs: startedAtMs ?? 0,
    ...(awaits !== null && { childRunId: awaits }),
    unblock,
  };
}

/** The health of a run that waits for a subflow, with what that one's run waits for. */
export function withChild(health: RunHealth, child: RunHealth): RunHealth {
  const { blocked } = health;
  if (!blocked || !child.blocked) return health;
  const { nodeId, iteration: _, childRunId = child.runId, childNodeId = nodeId, ...wait } = child.blocked;
  return {
    ...health,
    blocked: { ...wait, nodeId: blocked.nodeId, iteration: blocked.iteration, childRunId, childNodeId },
    ...(child.unhealthy && !health.unhealthy && { unhealthy: child.unhealthy }),
  };
}

function blockedBy(node: Node, calls: ContinuingCalls): RunHealth["blocked"] {
  const { nodeId, iteration, state, startedAtMs, wakeAtMs, awaits, correlationId } = node;
  if (isQuotaWait(node)) {
    const sinceMs = quotaOf(node)?.sinceMs ?? startedAtMs ?? 0;
    const unblock = `none: the agents are asked again by themselves at ${new Date(wakeAtMs!).toISOString()}`;
    return { kind: "quota", nodeId, iteration, sinceMs, retryAtMs: wakeAtMs, unblock };
  }
  const at = { nodeId, iteration, sinceMs: startedAtMs ?? 0 };
  if (node.kind === "subflow") return blockedByChild(node);
  if (state === "waiting-approval") {
    return { kind: "approval", ...at, timesOutAtMs: wakeAtMs, unblock: calls.decide(nodeId) };
  }
  if (state === "waiting-event") {
    const event = awaits ?? "";
    const signal = calls.signal(event);
    const unblock = correlationId === null ? signal : `${signal} with ${JSON.stringify({ correlationId })}`;
    return { kind: "event", ...at, timesOutAtMs: wakeAtMs, event, correlationId, unblock };
  }
  const firesAt = wakeAtMs === null ? "" : ` at ${new Date(wakeAtMs).toISOString()}`;
  return { kind: "timer", ...at, firesAtMs: wakeAtMs, unblock: `none: the timer fires by itself${firesAt}` };
}
