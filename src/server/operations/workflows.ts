import { workflowsQuerySchema } from "../../api/index.ts";
import type { ServerContext } from "../context.ts";
import { nextPage } from "../http/request.ts";
import { operation } from "../operation.ts";

export const listWorkflows = operation({
  id: "listWorkflows",
  summary: "List the workflow files under the server's rootDir, by path, with the schemas of their inputs",
  query: workflowsQuerySchema.shape,
  answer: "workflows",
  errors: ["SERVER_CLOSING"],
  async handle({ c, query: { limit, cursor } }, { catalogue }: ServerContext) {
    const { workflows, next } = await catalogue.page({ limit, after: cursor });
    if (next !== undefined) nextPage(c, { cursor: next });
    return workflows;
  },
});
