import type { Context, Hono } from "hono";
import { SmithersError } from "../../errors/index.ts";
import { approvalsQuerySchema, decisionBodySchema } from "../../model/index.ts";
import type { ServerContext } from "../context.ts";
import { readBody, readQuery, readRunId } from "../request.ts";
import { toApprovalItem } from "../views.ts";

export function approvalRoutes(app: Hono, { homes, options }: ServerContext): void {
  const decide = (status: "granted" | "denied") => async (c: Context) => {
    const body = await readBody(c, decisionBodySchema);
    const { engine, run } = await homes.find(readRunId(c));
    await engine.decide({ ...body, runId: run.runId, nodeId: c.req.param("nodeId") ?? "", status });
    return c.json({ runId: run.runId });
  };
  app.post("/v1/runs/:runId/nodes/:nodeId/approve", decide("granted"));
  app.post("/v1/runs/:runId/nodes/:nodeId/deny", decide("denied"));

  for (const path of ["/v1/approvals", "/v1/approval/list", "/approval/list", "/approvals"]) {
    app.get(path, async (c) => {
      if (options.db === undefined) throw new SmithersError("DB_NOT_CONFIGURED", "Listing approvals needs a database.");
      const { limit } = readQuery(c, approvalsQuerySchema);
      const pending = await Promise.all(homes.all().map(({ store }) => store.pendingApprovals(limit)));
      const longestFirst = pending.flat().sort((a, b) => a.requestedAtMs - b.requestedAtMs);
      const nowMs = Date.now();
      return c.json({ approvals: longestFirst.slice(0, limit).map((approval) => toApprovalItem(approval, nowMs)) });
    });
  }
}
