import { SmithersError } from "../../errors/index.ts";
import { approvalsAnswerSchema, approvalsQuerySchema } from "../../model/index.ts";
import type { ServerContext } from "../context.ts";
import { operation } from "../operation.ts";
import { toApprovalItem } from "../views.ts";

export const listApprovals = operation({
  id: "listApprovals",
  summary: "The decisions that are awaited, the longest waiting first",
  query: approvalsQuerySchema.shape,
  answer: approvalsAnswerSchema,
  errors: ["DB_NOT_CONFIGURED"],
  async handle({ query: { limit } }, { homes, options }: ServerContext) {
    if (options.db === undefined) throw new SmithersError("DB_NOT_CONFIGURED", "Listing approvals needs a database.");
    const pending = await Promise.all(homes.all().map(({ store }) => store.pendingApprovals(limit)));
    const longestFirst = pending.flat().sort((a, b) => a.requestedAtMs - b.requestedAtMs);
    const nowMs = Date.now();
    return { approvals: longestFirst.slice(0, limit).map((approval) => toApprovalItem(approval, nowMs)) };
  },
});
