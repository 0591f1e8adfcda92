import { z } from "zod";
import { decisionBodySchema } from "../../api/index.ts";
import { operation } from "../operation.ts";
import type { RunServices } from "./on-run.ts";

const decide = (id: string, summary: string, status: "granted" | "denied") =>
  operation({
    id,
    summary,
    params: { nodeId: z.string() },
    body: decisionBodySchema,
    answer: "runId",
    errors: ["NODE_NOT_FOUND", "NODE_NOT_WAITING"],
    async handle({ params: { nodeId }, body }, { runId, engine }: RunServices) {
      await (await engine()).decide({ ...body, runId, nodeId, status });
      return { runId };
    },
  });

export const approveNode = decide("approve", "Approve a waiting node", "granted");
export const denyNode = decide("deny", "Deny a waiting node", "denied");
