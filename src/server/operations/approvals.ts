import { approvalsQuerySchema } from "../../api/index.ts";
import { SmithersError } from "../../errors/index.ts";
import type { ServerContext } from "../context.ts";
import { nextPage } from "../http/request.ts";
import { operation } from "../operation.ts";

export const listApprovals = operation({
  id: "listApprovals",
  summary: "List pending approvals, longest waiting first",
  query: approvalsQuerySchema.shape,
  answer: "approvals",
  errors: ["DB_NOT_CONFIGURED"],
  async handle({ c, query }, { reader, options }: ServerContext) {
    if (options.db === undefined)
      throw new SmithersError("DB_NOT_CONFIGURED", "Listing approvals requires a database.");
    const { approvals, nextCursor } = await reader.approvals(query);
    if (nextCursor !== undefined) nextPage(c, { cursor: nextCursor });
    return { approvals };
  },
});
