import { leaseLost } from "../../../errors/index.ts";
import type { BegunToolCall, NewToolCall } from "../../requests.ts";
import { tables } from "../../tables.ts";
import type { Lease } from "../../turn.ts";
import type { Write } from "../writer.ts";
import { encodeRow, eventsToAppend } from "./rows.ts";

/**
 * Records a call before the tool's code starts.
 * @throws LEASE_LOST, from `decode`
 */
export function beginToolCallWrite(lease: Lease, call: NewToolCall, nowMs: number): Write<BegunToolCall> {
  const { runId, owner, leaseNo } = lease;
  const { repeats, ...fields } = call;
  const { nodeId, iteration, attempt, callNo, toolName } = call;
  const started = { type: "ToolCallStarted", nodeId, iteration, attempt, toolName, callNo, seq: callNo } as const;
  const first = eventsToAppend(runId, [started], nowMs);
  const again = eventsToAppend(runId, [{ ...started, replayed: true }], nowMs);
  const row = { runId, ...fields, state: "running", startedAtMs: nowMs, finishedAtMs: null, error: null } as const;
  return {
    runId,
    waits: true,
    encode: () => ({
      do: "begin-tool-call",
      owner,
      leaseNo,
      call: encodeRow(tables.toolCalls, row),
      event: first.encoded[0],
      ...(repeats && { repeats, replay: again.encoded[0] }),
    }),
    decode(answer) {
      if (answer === "lease-lost") throw leaseLost(runId);
      const [lastSeq, replayed] = answer as [number, boolean];
      return { replayed, events: (replayed ? again : first).numbered(lastSeq) };
    },
  };
}
