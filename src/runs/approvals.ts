import type { ApprovalItem, PendingApproval } from "../api/index.ts";
import { toApprovalItem } from "../api/items.ts";
import { unknownCursor } from "../errors/index.ts";
import type { ApprovalPosition } from "../store/index.ts";
import type { RunDatabase, RunDatabases } from "./databases.ts";

export interface ApprovalPage {
  readonly approvals: ApprovalItem[];
  /** Pass it as `cursor` to read the next page; absent on the last page. */
  readonly nextCursor?: string;
}

/**
 * Reads a page of the pending approvals of all databases, oldest first.
 * @throws INVALID_REQUEST for an unknown cursor
 */
export async function readApprovals(
  databases: RunDatabases<RunDatabase>,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string },
): Promise<ApprovalPage> {
  const after = cursor === undefined ? undefined : await fromCursor(cursor);
  const nowMs = Date.now();
  const pending: PendingApproval[] = [];
  for (const { store } of await databases.all()) {
    pending.push(...(await store.pendingApprovals({ nowMs, limit: limit + 1, after })));
  }
  const page = pending.sort(byPosition).slice(0, limit);
  return {
    approvals: page.map((approval) => toApprovalItem(approval, nowMs)),
    ...(pending.length > limit && { nextCursor: toCursor(page.at(-1)!) }),
  };
}

function toCursor({ requestedAtMs, runId, nodeId, iteration }: ApprovalPosition): string {
  return Buffer.from(JSON.stringify([requestedAtMs, runId, nodeId, iteration])).toString("base64url");
}

async function fromCursor(cursor: string): Promise<ApprovalPosition> {
  // Most commands read one page, and Zod would be a third of what they load.
  const { z } = await import("zod");
  const positionSchema = z.tuple([z.int().nonnegative(), z.string(), z.string(), z.int().nonnegative()]);
  try {
    const position = positionSchema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
    const [requestedAtMs, runId, nodeId, iteration] = position;
    return { requestedAtMs, runId, nodeId, iteration };
  } catch {
    throw unknownCursor();
  }
}

/** Compares in the order of a store's query, which compares text by bytes. */
function byPosition(a: ApprovalPosition, b: ApprovalPosition): number {
  return (
    a.requestedAtMs - b.requestedAtMs ||
    Buffer.compare(Buffer.from(a.runId), Buffer.from(b.runId)) ||
    Buffer.compare(Buffer.from(a.nodeId), Buffer.from(b.nodeId)) ||
    a.iteration - b.iteration
  );
}
