import type { RunDetail, RunListItem } from "smithers-orchestrator/client";
import { duration, moment } from "./time.ts";

/** What a run waits for, in a few words; empty when it waits for nothing. */
export function waitsFor({
  runState,
  error,
  status,
}: Pick<RunListItem, "runState" | "status"> & { error?: RunListItem["error"] }): string {
  const { blocked, unhealthy } = runState;
  if (status === "failed") return error ? error.message : "";
  if (unhealthy?.kind === "not-continued" || unhealthy?.kind === "stale") return unhealthy.reason;
  if (blocked?.kind === "approval") return `decision on ${blocked.nodeId}`;
  if (blocked?.kind === "event") return `signal ${blocked.event ?? blocked.nodeId}`;
  if (blocked?.kind === "timer")
    return blocked.firesAtMs ? `timer until ${moment(blocked.firesAtMs)}` : `timer ${blocked.nodeId}`;
  return unhealthy?.reason ?? "";
}

export interface Why {
  readonly tone: "good" | "bad" | "waiting" | "plain";
  readonly text: string;
}

/** Why the run stands where it stands, as sentences for a person. */
export function whyOf(run: RunDetail, nowMs: number): Why[] {
  const { runState, status, error } = run;
  const { blocked, unhealthy } = runState;
  const said: Why[] = [];
  if (status === "failed") {
    const where = error?.nodeId === undefined ? "" : ` at ${error.nodeId}`;
    said.push({ tone: "bad", text: `The run has failed${where}: ${error?.message ?? "no reason was recorded"}` });
  }
  if (unhealthy) {
    const more = unhealthy.unblock && !unhealthy.unblock.startsWith("none") ? ` ${unhealthy.unblock}.` : "";
    said.push({ tone: "bad", text: unhealthy.reason + more });
  }
  if (blocked) {
    const since = blocked.sinceMs > 0 ? ` for ${duration(nowMs - blocked.sinceMs)}` : "";
    if (blocked.kind === "approval")
      said.push({ tone: "waiting", text: `Waiting${since} for a person's decision on ${blocked.nodeId}.` });
    else if (blocked.kind === "event") {
      const id = blocked.correlationId ? ` with the correlation id ${blocked.correlationId}` : "";
      said.push({ tone: "waiting", text: `Waiting${since} for the signal ${blocked.event}${id}.` });
    } else if (blocked.firesAtMs) {
      const left = blocked.firesAtMs - nowMs;
      const when = left > 0 ? `, in ${duration(left)}` : "";
      said.push({
        tone: "waiting",
        text: `Waiting for a timer until ${moment(blocked.firesAtMs)}${when}. It continues by itself.`,
      });
    }
    if (blocked.timesOutAtMs) said.push({ tone: "plain", text: `The wait ends at ${moment(blocked.timesOutAtMs)}.` });
  }
  if (said.length === 0 && status === "finished") {
    const { failedChildren } = runState as { failedChildren?: number };
    if (failedChildren)
      said.push({ tone: "bad", text: `The run has finished, although ${failedChildren} tolerated steps failed.` });
  }
  return said;
}
