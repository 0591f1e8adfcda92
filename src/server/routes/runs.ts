import { basename, extname } from "node:path";
import type { Hono } from "hono";
import { SmithersError } from "../../errors/index.ts";
import {
  listRunsQuerySchema,
  type NodeItem,
  type Output,
  resumeBodySchema,
  type StartRunBody,
  startRunBodySchema,
} from "../../model/index.ts";
import type { ServerContext } from "../context.ts";
import { readBody, readQuery, readRunId } from "../request.ts";
import { toRunDetail, toRunListItem } from "../views.ts";

export function runRoutes(app: Hono, context: ServerContext): void {
  const { homes } = context;

  app.post("/v1/runs", async (c) => {
    const body = await readBody(c, startRunBodySchema);
    if (!body.resume) return c.json({ runId: await startRun(context, body) });
    if (body.runId === undefined) throw new SmithersError("RUN_ID_REQUIRED");
    await resumeRun(context, body.runId, body.workflowPath);
    return c.json({ runId: body.runId });
  });

  app.get("/v1/runs", async (c) => {
    if (context.options.db === undefined)
      throw new SmithersError("DB_NOT_CONFIGURED", "Listing runs needs a database.");
    const query = readQuery(c, listRunsQuerySchema);
    const { runs, nextCursor } = await homes.main.store.listRuns(query);
    if (nextCursor !== undefined) c.header("Link", `<${nextUrl(c.req.url, nextCursor)}>; rel="next"`);
    const nowMs = Date.now();
    return c.json(runs.map((run) => toRunListItem(run, nowMs)));
  });

  app.get("/v1/runs/:runId", async (c) => {
    const { engine, run } = await homes.find(readRunId(c));
    const { store } = engine;
    const [summary, output] = await Promise.all([store.countNodes(run.runId), store.lastOutput(run)]);
    return c.json(toRunDetail(run, summary, output, Date.now()));
  });

  app.get("/v1/runs/:runId/nodes", async (c) => {
    const { engine, run } = await homes.find(readRunId(c));
    const [nodes, outputs] = await Promise.all([engine.store.nodesOf(run.runId), engine.store.outputsOf(run.runId)]);
    const byNode = new Map<string, Output>(outputs.map((output) => [`${output.iteration}:${output.nodeId}`, output]));
    const items = nodes.map((node): NodeItem => {
      const { nodeId, iteration, state, label, attempt, startedAtMs, finishedAtMs, error } = node;
      const output = byNode.get(`${iteration}:${nodeId}`);
      const value = output ? JSON.parse(output.json) : null;
      return { nodeId, iteration, state, label, attempt, startedAtMs, finishedAtMs, output: value, error };
    });
    return c.json(items);
  });

  app.post("/v1/runs/:runId/resume", async (c) => {
    const runId = readRunId(c);
    const { workflowPath } = await readBody(c, resumeBodySchema);
    await resumeRun(context, runId, workflowPath);
    return c.json({ runId });
  });

  app.post("/v1/runs/:runId/cancel", async (c) => {
    const { engine, run } = await homes.find(readRunId(c));
    await engine.cancel(run.runId);
    return c.json({ runId: run.runId });
  });
}

async function startRun({ homes, loader }: ServerContext, body: StartRunBody): Promise<string> {
  if (body.workflowPath === undefined) {
    throw new SmithersError("INVALID_REQUEST", "The body names no workflowPath.", {
      details: { field: "workflowPath" },
    });
  }
  const { workflow, workflowPath, hash } = await loader.load(body.workflowPath);
  if (body.runId !== undefined && (await homes.has(body.runId))) {
    throw new SmithersError("RUN_ALREADY_EXISTS", `There is a run "${body.runId}" already.`);
  }
  const engine = await homes.of(workflow);
  return engine.start({
    workflow,
    workflowName: basename(workflowPath, extname(workflowPath)),
    workflowPath,
    workflowHash: hash,
    input: body.input,
    runId: body.runId,
    config: body.config,
  });
}

async function resumeRun({ homes, loader }: ServerContext, runId: string, workflowPath?: string): Promise<void> {
  const { engine } = await homes.find(runId);
  // Without a path the engine loads the run's own, once it has seen that the run may be resumed.
  await engine.resume(runId, workflowPath === undefined ? undefined : (await loader.load(workflowPath)).workflow);
}

/** The same request with another cursor, as a path: what is before it depends on how the server is reached. */
function nextUrl(url: string, cursor: string): string {
  const next = new URL(url);
  next.searchParams.set("cursor", cursor);
  return next.pathname + next.search;
}
