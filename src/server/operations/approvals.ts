import { z } from "zod";
import { approvalsAnswerSchema, approvalsQuerySchema, type PendingApproval, toApprovalItem } from "../../api/index.ts";
import { SmithersError, unknownCursor } from "../../errors/index.ts";
import type { ApprovalPosition } from "../../store/index.ts";
import type { ServerContext } from "../context.ts";
import { nextPage } from "../http/request.ts";
import { operation } from "../operation.ts";

export const listApprovals = operation({
  id: "listApprovals",
  summary: "List pending approvals, longest waiting first",
  query: approvalsQuerySchema.shape,
  answer: approvalsAnswerSchema,
  errors: ["DB_NOT_CONFIGURED"],
  async handle({ c, query: { limit, cursor } }, { homes, options }: ServerContext) {
    if (options.db === undefined)
      throw new SmithersError("DB_NOT_CONFIGURED", "Listing approvals requires a database.");
    const after = cursor === undefined ? undefined : fromCursor(cursor);
    const pending: PendingApproval[] = [];
    for (const { store } of homes.all()) pending.push(...(await store.pendingApprovals({ limit: limit + 1, after })));
    const longestFirst = pending.sort(byPosition);
    const page = longestFirst.slice(0, limit);
    if (longestFirst.length > limit) nextPage(c, { cursor: toCursor(page.at(-1)!) });
    const nowMs = Date.now();
    return { approvals: page.map((approval) => toApprovalItem(approval, nowMs)) };
  },
});

const positionSchema = z.tuple([z.int().nonnegative(), z.string(), z.string(), z.int().nonnegative()]);

function toCursor({ requestedAtMs, runId, nodeId, iteration }: ApprovalPosition): string {
  return Buffer.from(JSON.stringify([requestedAtMs, runId, nodeId, iteration])).toString("base64url");
}

function fromCursor(cursor: string): ApprovalPosition {
  try {
    const position = positionSchema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
    const [requestedAtMs, runId, nodeId, iteration] = position;
    return { requestedAtMs, runId, nodeId, iteration };
  } catch {
    throw unknownCursor();
  }
}

/** As a store orders them: text by its bytes. */
function byPosition(a: ApprovalPosition, b: ApprovalPosition): number {
  return (
    a.requestedAtMs - b.requestedAtMs ||
    Buffer.compare(Buffer.from(a.runId), Buffer.from(b.runId)) ||
    Buffer.compare(Buffer.from(a.nodeId), Buffer.from(b.nodeId)) ||
    a.iteration - b.iteration
  );
}
