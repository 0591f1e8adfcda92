import type { WakeFailure } from "../../../model/index.ts";
import type { Reopened } from "../../requests.ts";
import type { Lease } from "../../turn.ts";
import type { Write } from "../writer.ts";
import { eventsToAppend } from "./rows.ts";

/** See `Store.takeLease`. */
export function takeLeaseWrite(runId: string, owner: string, leaseNo: number, nowMs: number): Write<Lease | undefined> {
  return {
    runId,
    encode: () => ({ do: "take-lease", runId, owner, leaseNo, nowMs }),
    decode: (taken) => (taken === true ? { runId, owner, leaseNo: leaseNo + 1 } : undefined),
  };
}

/** See `Store.reopen`. */
export function reopenWrite(runId: string, owner: string, leaseNo: number, nowMs: number): Write<Reopened | undefined> {
  const events = eventsToAppend(runId, [{ type: "RunStatusChanged", status: "running" }], nowMs);
  return {
    runId,
    encode: () => ({ do: "reopen", runId, owner, leaseNo, nowMs, events: events.encoded }),
    decode: (lastSeq) =>
      lastSeq === null
        ? undefined
        : { lease: { runId, owner, leaseNo: leaseNo + 1 }, events: events.numbered(lastSeq as number) },
  };
}

/** See `Store.noteWakeFailure`. */
export function wakeFailureWrite(runId: string, leaseNo: number, { code, reason, sinceMs }: WakeFailure): Write<void> {
  const json = JSON.stringify({ code, reason, sinceMs });
  return {
    runId,
    encode: () => ({
      do: "note-wake-failure",
      runId,
      leaseNo,
      json,
      // All of it but the time.
      reason: json.slice(0, json.lastIndexOf(":")),
    }),
    decode() {},
  };
}

/** Writes a heartbeat for each owner, and finds the leases that were lost. */
export function beatWrite(leases: readonly Lease[], nowMs: number): Write<Lease[]> {
  return {
    runId: "",
    encode: () => ({
      do: "beat",
      nowMs,
      owners: [...new Set(leases.map(({ owner }) => owner))].sort(),
      leases: leases.map(({ runId, leaseNo, owner }) => [runId, leaseNo, owner]),
    }),
    decode: (lost) => (lost as number[]).map((index) => leases[index]!),
  };
}

/** Changes nothing, to test whether the database accepts writes. */
export const probeWrite: Write<void> = { runId: "", encode: () => ({ do: "probe" }), decode() {} };
