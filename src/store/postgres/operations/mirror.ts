import { noRunWake } from "../../../model/index.ts";
import type { MirrorPage } from "../../snapshots.ts";
import { tables } from "../../tables.ts";
import type { Write } from "../writer.ts";
import { encodeRow, encodeRows } from "./rows.ts";

/** Applies changes to the copy of a run. Events that it has already stay as they are. */
export function mirrorWrite(home: string, page: MirrorPage): Write<void> {
  const { run } = page;
  // Copies are not executed: they have no owner, no timers and no inbox.
  const copy = { ...run, home, owner: null, leaseNo: 0, inboxNo: 0, takenNo: 0, ...noRunWake };
  return {
    runId: run.runId,
    encode: () => ({
      do: "mirror",
      run: encodeRow(tables.runs, copy),
      nodes: encodeRows(tables.nodes, page.nodes),
      approvals: encodeRows(tables.approvals, page.approvals),
      events: page.events.map(({ seq, type, json }) => [seq, type, json]),
    }),
    decode() {},
  };
}
