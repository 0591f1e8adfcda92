import { basename, extname } from "node:path";
import type { Hono } from "hono";
import { SmithersError } from "../../errors/index.ts";
import {
  isWaiting,
  listRunsQuerySchema,
  type Node,
  type NodeItem,
  type Output,
  type Run,
  resumeBodySchema,
  type StartRunBody,
  startRunBodySchema,
} from "../../model/index.ts";
import type { Idempotency, Store } from "../../store/index.ts";
import type { ServerContext } from "../context.ts";
import { readBody, readIdempotency, readQuery, readRunId } from "../request.ts";
import { toRunDetail, toRunListItem } from "../views.ts";

export function runRoutes(app: Hono, context: ServerContext): void {
  const { homes } = context;

  app.post("/v1/runs", async (c) => {
    const body = await readBody(c, startRunBodySchema);
    if (!body.resume) return c.json({ runId: await startRun(context, body, readIdempotency(c, body)) });
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
    const items = runs.map(async (listed) => {
      const { store, run } = await homes.current(listed);
      return toRunListItem(run, await waitingNodes(store, run), nowMs);
    });
    return c.json(await Promise.all(items));
  });

  app.get("/v1/runs/:runId", async (c) => {
    const { engine, run } = await homes.find(readRunId(c));
    const { store } = engine;
    const [waiting, summary, output] = await Promise.all([
      waitingNodes(store, run),
      store.countNodes(run.runId),
      store.lastOutput(run),
    ]);
    return c.json(toRunDetail(run, waiting, summary, output, Date.now()));
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

async function waitingNodes(store: Store, { runId, status }: Run): Promise<Node[]> {
  return isWaiting(status) ? store.waitingNodes(runId) : [];
}

async function startRun(
  { homes, loader }: ServerContext,
  body: StartRunBody,
  idempotency: Idempotency | undefined,
): Promise<string> {
  if (body.workflowPath === undefined) {
    throw new SmithersError("INVALID_REQUEST", "The body names no workflowPath.", {
      details: { field: "workflowPath" },
    });
  }
  const started = idempotency && (await homes.findStarted(idempotency));
  if (started !== undefined) return started;
  const source = await loader.load(body.workflowPath);
  const { workflow, workflowPath } = source;
  if (body.runId !== undefined && (await homes.has(body.runId))) {
    throw new SmithersError("RUN_ALREADY_EXISTS", `There is a run "${body.runId}" already.`);
  }
  const engine = await homes.of(workflow);
  const workflowName = basename(workflowPath, extname(workflowPath));
  const { input, runId, config } = body;
  return engine.start({ ...source, workflowName, input, runId, config, idempotency });
}

async function resumeRun({ homes, loader }: ServerContext, runId: string, workflowPath?: string): Promise<void> {
  const { engine } = await homes.find(runId);
  // Without a path the engine loads the run's own, once it has seen that the run may be resumed.
  await engine.resume(runId, workflowPath === undefined ? undefined : await loader.load(workflowPath));
}

/** The same request with another cursor, as a path: what is before it depends on how the server is reached. */
function nextUrl(url: string, cursor: string): string {
  const next = new URL(url);
  next.searchParams.set("cursor", cursor);
  return next.pathname + next.search;
}
