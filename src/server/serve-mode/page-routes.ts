import { z } from "zod";
import { approvalsQuerySchema, listRunsQuerySchema, workflowsQuerySchema } from "../../api/index.ts";
import { noSuchRun } from "../../errors/index.ts";
import type { ChangeHub } from "../changes/hub.ts";
import { changeStream } from "../changes/stream.ts";
import { answerStream } from "../http/answer-stream.ts";
import { type Operation, operation } from "../operation.ts";
import { streamChanges } from "../operations/changes.ts";
import { onSingleRun, type RunServices } from "../operations/on-run.ts";
import { type Route, route } from "../route.ts";
import { belowRunPath } from "../routes-of-a-run.ts";
import type { RunContext } from "./run-routes.ts";

/** What the routes of the web page share. */
export interface PageContext extends RunContext {
  readonly changes: ChangeHub;
}

/** Applies an operation to the host's single run, which the path must name. */
function onThisRun(applied: Operation<RunServices>): Operation<PageContext> {
  const single = onSingleRun(applied);
  return {
    ...single,
    params: single.params.extend({ runId: z.string() }),
    async handle(request, context) {
      const runId = request.params.runId as string;
      if (runId !== context.runId) throw noSuchRun(runId);
      return single.handle(request, context);
    },
  };
}

const listRun = operation({
  id: "listRuns",
  summary: "List the run that is served",
  query: listRunsQuerySchema.shape,
  answer: "runs",
  errors: [],
  async handle({ query }, { reader, databases, runId }: PageContext) {
    const runs = await reader.itemsOf(databases.main, [runId]);
    return runs.filter(
      ({ status, workflowName, finishedAtMs }) =>
        (query.status ?? status) === status &&
        (query.workflow ?? workflowName) === workflowName &&
        (query.ended === undefined || (query.ended === "true") === (finishedAtMs !== null)),
    );
  },
});

const listItsApprovals = operation({
  id: "listApprovals",
  summary: "List the pending approvals of the run that is served",
  query: approvalsQuerySchema.shape,
  answer: "approvals",
  errors: ["RUN_NOT_FOUND"],
  async handle(_, { reader, runId }: PageContext) {
    return { approvals: await reader.approvalsOf(runId) };
  },
});

const listNoWorkflows = operation({
  id: "listWorkflows",
  summary: "List nothing: a host of one run starts no others",
  query: workflowsQuerySchema.shape,
  answer: "workflows",
  errors: [],
  async handle() {
    return [];
  },
});

const streamItsChanges: Operation<PageContext> = {
  ...streamChanges,
  async handle({ c }, { changes, closing, telemetry }) {
    return answerStream(c, () => changeStream(changes, closing, telemetry));
  },
};

/** Creates the routes of a server with many runs that the web page needs, for the one run that is served. */
export const pageRoutes = (): readonly Route<PageContext>[] => [
  route("GET", "/v1/runs", listRun),
  ...belowRunPath(onThisRun),
  route("GET", "/v1/approvals", listItsApprovals),
  route("GET", "/v1/workflows", listNoWorkflows),
  route("GET", "/v1/changes", streamItsChanges),
];
