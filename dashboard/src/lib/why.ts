import type { RunDetail, RunListItem } from "smithers-orchestrator/client";
import { duration, moment } from "./time.ts";

/** What the page calls a run's state: its status, unless its health says more. */
export function stateOf({ status, runState }: Pick<RunListItem, "status" | "runState">): string {
  if (runState.state === "stale") return "stale";
  return runState.queued === undefined ? status : "queued";
}

/** What a run waits for, in a few words; empty when it waits for nothing. */
export function waitsFor({
  runState,
  error,
  status,
}: Pick<RunListItem, "runState" | "status"> & { error?: RunListItem["error"] }): string {
  const { blocked, unhealthy, queued } = runState;
  if (status === "failed") return error ? error.message : "";
  if (unhealthy?.kind === "not-continued" || unhealthy?.kind === "stale") return unhealthy.reason;
  const at = blocked?.childNodeId === undefined ? "" : ` in the subflow ${blocked.nodeId}`;
  const nodeId = blocked?.childNodeId ?? blocked?.nodeId;
  if (blocked?.kind === "approval") return `decision on ${nodeId}${at}`;
  if (blocked?.kind === "event") return `signal ${blocked.event ?? nodeId}${at}`;
  if (blocked?.kind === "timer")
    return blocked.firesAtMs ? `timer until ${moment(blocked.firesAtMs)}${at}` : `timer ${nodeId}${at}`;
  if (blocked?.kind === "quota")
    return blocked.retryAtMs ? `quota of ${nodeId}, until ${moment(blocked.retryAtMs)}` : `quota of ${nodeId}`;
  if (queued) return "a free place on a server";
  return unhealthy?.reason ?? "";
}

export interface Why {
  readonly tone: "good" | "bad" | "waiting" | "plain";
  readonly text: string;
  /** Where to read more, or to act. */
  readonly see?: { readonly runId: string; readonly nodeId?: string; readonly text: string } | "approvals";
}

/** Why the run stands where it stands, as sentences for a person. */
export function whyOf(run: RunDetail, nowMs: number): Why[] {
  const { runState, status, error, failedChildren, continuedAs } = run;
  const said: Why[] = [];
  if (status === "failed") {
    const where = error?.nodeId === undefined ? "" : ` at ${error.nodeId}`;
    const text = `The run has failed${where}: ${error?.message ?? "no reason was recorded"}`;
    said.push({ tone: "bad", text, see: failedChild(error) });
  }
  if (runState.unhealthy) {
    const { reason, unblock } = runState.unhealthy;
    said.push({ tone: "bad", text: reason + (unblock && !unblock.startsWith("none") ? ` ${unblock}.` : "") });
  }
  if (runState.blocked) said.push(...blockedBy(runState.blocked, nowMs));
  if (runState.queued) {
    const { reason, sinceMs } = runState.queued;
    const text = `${reason} It continues by itself as soon as one is free; so far it has waited ${duration(nowMs - sinceMs)}.`;
    said.push({ tone: "waiting", text });
  }
  if (status === "finished" && failedChildren) {
    const steps = failedChildren === 1 ? "1 step" : `${failedChildren} steps`;
    said.push({ tone: "plain", text: `The run has finished although ${steps} failed: its workflow tolerates that.` });
  }
  if (continuedAs !== undefined) {
    const text = "This run has ended, and its work continues in a new one.";
    said.push({ tone: "plain", text, see: { runId: continuedAs, text: "See the next run" } });
  }
  return said;
}

/** The run of a subflow in which a run has failed. */
function failedChild(error: RunDetail["error"]): Why["see"] {
  const { childRunId, childNodeId } = (error?.details ?? {}) as { childRunId?: unknown; childNodeId?: unknown };
  if (typeof childRunId !== "string") return undefined;
  return {
    runId: childRunId,
    nodeId: typeof childNodeId === "string" ? childNodeId : undefined,
    text: "See the subflow's run",
  };
}

function blockedBy(blocked: NonNullable<RunDetail["runState"]["blocked"]>, nowMs: number): Why[] {
  const { kind, event, correlationId, firesAtMs, retryAtMs, timesOutAtMs, childRunId, childNodeId } = blocked;
  const nodeId = childNodeId ?? blocked.nodeId;
  const at = childRunId === undefined ? "" : ` in the subflow ${blocked.nodeId}`;
  const since = blocked.sinceMs > 0 ? ` for ${duration(nowMs - blocked.sinceMs)}` : "";
  const child = childRunId === undefined ? undefined : { runId: childRunId, text: "See the subflow's run" };
  const said: Why[] = [];
  const wait = (text: string, see: Why["see"] = child) => said.push({ tone: "waiting", text, see });
  if (kind === "approval") wait(`Waiting${since} for a person's decision on ${nodeId}${at}.`, "approvals");
  else if (kind === "event") {
    const id = correlationId ? ` with the correlation id ${correlationId}` : "";
    wait(`Waiting${since} for the signal ${event ?? nodeId}${id}${at}.`);
  } else if (kind === "quota") {
    const again = retryAtMs ? ` They are asked again at ${moment(retryAtMs)}${soon(retryAtMs, nowMs)}.` : "";
    wait(`The agents of ${nodeId} have no quota left${at}.${again}`);
  } else if (firesAtMs) {
    wait(`Waiting for a timer${at} until ${moment(firesAtMs)}${soon(firesAtMs, nowMs)}. It continues by itself.`);
  } else wait(`Waiting${since} for a timer${at}. It continues by itself.`);
  if (timesOutAtMs) said.push({ tone: "plain", text: `The wait ends at ${moment(timesOutAtMs)}.` });
  return said;
}

const soon = (atMs: number, nowMs: number) => (atMs > nowMs ? `, in ${duration(atMs - nowMs)}` : "");
