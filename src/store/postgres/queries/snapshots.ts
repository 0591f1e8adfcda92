import type { Moment, Node } from "../../../model/index.ts";
import {
  type ListedOutput,
  largeOutputBytes,
  maxLoadedBytes,
  type NodePage,
  type NodePageQuery,
  type NodeSnapshot,
  type RunDetailSnapshot,
  type RunOutcome,
  type RunOverviewSnapshot,
  type StoredRun,
} from "../../snapshots.ts";
import { tables } from "../../tables.ts";
import type { Database } from "../database.ts";
import { type FrameRow, framesWithTrees } from "./frames.ts";
import { decodeSnapshot, snapshotColumns } from "./health-signals.ts";
import { decodePending, pendingApprovalsJson, pendingSignalsJson } from "./inbox.ts";
import { decodeNodePage, type NodeRow, nodePageJson, nodePageParams } from "./node-pages.ts";
import { decodeAll, decodeOne, type JsonRow, ofRun, rowAsJson, rowsAsJson, runJson } from "./select.ts";

/**
 * The columns of outputs `o`. The JSON is left out when it is large.
 * @param isLoaded further condition for the JSON
 */
const listedColumns = (isLoaded = "true") => `o.run_id AS "runId", o.node_id AS "nodeId", o.iteration,
  o.output_no AS "outputNo", o.schema_key AS "schemaKey", o.schema_hash AS "schemaHash",
  octet_length(o.json) AS bytes, CASE WHEN octet_length(o.json) <= ${largeOutputBytes} AND ${isLoaded} THEN o.json END AS json`;

/** Bytes of the JSON that is read of this output and of later ones. */
const loadedBytes = `sum(CASE WHEN octet_length(o.json) <= ${largeOutputBytes} THEN octet_length(o.json) ELSE 0 END)
  OVER (ORDER BY o.output_no DESC)`;
const loadedOutputs = rowsAsJson(
  `SELECT ${listedColumns(`${loadedBytes} <= ${maxLoadedBytes}`)} FROM _smithers_outputs o
   WHERE o.run_id = $1::text ORDER BY o.output_no`,
);

const inPlanOrder = "ORDER BY ordinal, iteration, node_id";
const exists = "WHERE EXISTS (SELECT 1 FROM _smithers_runs WHERE run_id = $1::text)";

export async function selectStoredRun(database: Database, runId: string): Promise<StoredRun | undefined> {
  const found = await database.read<
    Record<"nodes" | "approvals" | "signals", JsonRow[]> & {
      run: JsonRow;
      attempts: StoredRun["runningAttempts"];
      outputs: ListedOutput[];
      treeHash: string | null;
    }
  >(
    `SELECT json_build_object('run', ${runJson}, 'nodes', ${ofRun(tables.nodes, inPlanOrder)},
      'outputs', ${loadedOutputs}, 'approvals', ${ofRun(tables.approvals)}, 'signals', ${pendingSignalsJson},
      'attempts', ${rowsAsJson(`SELECT node_id AS "nodeId", iteration, started_at_ms AS "startedAtMs"
        FROM _smithers_attempts WHERE run_id = $1::text AND state = 'running'`)},
      'treeHash', (SELECT t.tree_hash FROM _smithers_frames f JOIN _smithers_trees t ON t.tree_no = f.tree_no
        WHERE f.run_id = $1::text ORDER BY f.frame_no DESC LIMIT 1))::text ${exists}`,
    runId,
  );
  if (!found) return undefined;
  return {
    run: tables.runs.decode(found.run),
    nodes: decodeAll(tables.nodes, found.nodes),
    outputs: found.outputs,
    approvals: decodeAll(tables.approvals, found.approvals),
    signals: decodeAll(tables.signals, found.signals),
    runningAttempts: found.attempts,
    treeHash: found.treeHash ?? undefined,
  };
}

const lastOutput = `(SELECT json_build_object('json', o.json) FROM _smithers_outputs o
  WHERE o.run_id = r.run_id AND o.node_id = r.output_node_id AND o.iteration = r.output_iteration)`;

const lastListedOutput = rowAsJson(`SELECT ${listedColumns()} FROM _smithers_outputs o
  WHERE o.run_id = r.run_id AND o.node_id = r.output_node_id AND o.iteration = r.output_iteration`);

const detailColumns = `${snapshotColumns}, ${lastListedOutput} AS output,
  (SELECT coalesce(json_object_agg(c.state, c.count), '{}') FROM (
    SELECT n.state, count(*) AS count FROM _smithers_nodes n WHERE n.run_id = r.run_id GROUP BY n.state) c) AS "nodeCounts"`;
const detailJson = rowAsJson(`SELECT ${detailColumns} FROM _smithers_runs r WHERE r.run_id = $1::text`);

type DetailRow = JsonRow & { output: ListedOutput | null; nodeCounts: Record<string, number> };

export async function selectRunDetail(database: Database, runId: string): Promise<RunDetailSnapshot | undefined> {
  const row = await database.read<DetailRow>(`SELECT ${detailJson}::text`, runId);
  return row && decodeDetail(row);
}

function decodeDetail({ output, nodeCounts, ...rest }: DetailRow): RunDetailSnapshot {
  return { ...decodeSnapshot(rest), output: output ?? undefined, nodeCounts };
}

/** See `Store.readOverview`. */
export async function selectOverview(
  database: Database,
  runId: string,
  query: NodePageQuery,
  now: Moment,
): Promise<RunOverviewSnapshot | undefined> {
  const moment = { nowMs: "$7::text::bigint", steadyMs: "$8::text::float8", steadyClock: "$9::text" };
  const frame = `SELECT frame_no AS "frameNo", created_at_ms AS "createdAtMs", tree_no AS "treeNo" FROM _smithers_frames
    WHERE run_id = $1::text ORDER BY frame_no DESC LIMIT 1`;
  const found = await database.read<{
    detail: DetailRow;
    nodes: NodeRow[];
    frame: FrameRow | null;
    approvals: JsonRow[];
  }>(
    `SELECT json_build_object('detail', ${detailJson}, 'nodes', ${nodePageJson}, 'frame', ${rowAsJson(frame)},
      'approvals', ${pendingApprovalsJson("a.run_id = $1::text", moment)})::text ${exists}`,
    ...nodePageParams(runId, query),
    now.nowMs,
    now.steadyMs,
    now.steadyClock,
  );
  if (!found) return undefined;
  const detail = decodeDetail(found.detail);
  return {
    ...detail,
    ...decodeNodePage(detail.run, found.nodes, query),
    // Trees never change, so they need not be of the same moment.
    frame: found.frame === null ? undefined : (await framesWithTrees(database, runId, [found.frame]))[0],
    approvals: decodePending(found.approvals),
  };
}

export async function selectOutcome(database: Database, runId: string): Promise<RunOutcome | undefined> {
  const found = await database.read<{ run: JsonRow; output: { json: string } | null }>(
    `SELECT json_build_object('run', ${runJson}, 'output', (SELECT ${lastOutput} FROM _smithers_runs r WHERE r.run_id = $1::text))::text
     ${exists}`,
    runId,
  );
  if (!found) return undefined;
  return {
    run: tables.runs.decode(found.run),
    output: found.output === null ? undefined : JSON.parse(found.output.json),
  };
}

/** See `Store.readNodes`. */
export async function selectNodes(
  database: Database,
  runId: string,
  query: NodePageQuery,
): Promise<NodePage | undefined> {
  const found = await database.read<{ run: JsonRow; nodes: NodeRow[] }>(
    `SELECT json_build_object('run', ${runJson}, 'nodes', ${nodePageJson})::text ${exists}`,
    ...nodePageParams(runId, query),
  );
  return found && decodeNodePage(tables.runs.decode(found.run), found.nodes, query);
}

/** Attempts and tool calls of one node that are read at once. */
const maxAttempts = 100;
const maxToolCalls = 1_000;

/** See `Store.readNode`. */
export async function selectNode(
  database: Database,
  runId: string,
  nodeId: string,
  iteration?: number,
): Promise<NodeSnapshot | undefined> {
  const last = "(SELECT max(n.iteration) FROM _smithers_nodes n WHERE n.run_id = $1::text AND n.node_id = $2::text)";
  const place = `AND node_id = $2::text AND iteration = coalesce($3::text::bigint, ${last})`;
  const found = await database.read<
    Record<"nodes" | "approvals" | "attempts" | "toolCalls", JsonRow[]> & { run: JsonRow; outputs: ListedOutput[] }
  >(
    `SELECT json_build_object('run', ${runJson}, 'nodes', ${ofRun(tables.nodes, place)},
      'outputs', ${rowsAsJson(`SELECT ${listedColumns()} FROM _smithers_outputs o WHERE run_id = $1::text ${place}`)},
      'approvals', ${ofRun(tables.approvals, place)},
      'attempts', ${ofRun(tables.attempts, `${place} ORDER BY attempt DESC LIMIT ${maxAttempts}`)},
      'toolCalls', ${ofRun(tables.toolCalls, `${place} ORDER BY attempt DESC, call_no DESC LIMIT ${maxToolCalls}`)}
      )::text ${exists}`,
    runId,
    nodeId,
    iteration ?? null,
  );
  const [node] = found ? decodeAll(tables.nodes, found.nodes) : [];
  if (!found || !node) return undefined;
  return {
    run: tables.runs.decode(found.run),
    node,
    output: found.outputs[0],
    approval: decodeOne(tables.approvals, found.approvals[0]),
    attempts: decodeAll(tables.attempts, found.attempts).reverse(),
    toolCalls: decodeAll(tables.toolCalls, found.toolCalls).reverse(),
  };
}

/** See `Store.readOutput`. */
export async function selectOutput(
  database: Database,
  runId: string,
  nodeId: string,
  iteration: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const sql =
    "SELECT json FROM _smithers_outputs WHERE run_id = $1::text AND node_id = $2::text AND iteration = $3::text::bigint";
  const [json] = await database.texts(sql, runId, nodeId, iteration);
  return json == null ? undefined : new TextEncoder().encode(json);
}

/** All nodes of a run, in plan order. */
export async function selectNodesOf(database: Database, runId: string): Promise<Node[]> {
  return decodeAll(
    tables.nodes,
    await database.one<JsonRow[]>(`SELECT ${ofRun(tables.nodes, inPlanOrder)}::text`, runId),
  );
}

/** The waiting nodes of a run, oldest wait first. */
export async function selectWaitingNodes(database: Database, runId: string): Promise<Node[]> {
  const waiting = "AND state IN ('waiting-approval', 'waiting-event', 'waiting-timer') ORDER BY started_at_ms";
  return decodeAll(tables.nodes, await database.one<JsonRow[]>(`SELECT ${ofRun(tables.nodes, waiting)}::text`, runId));
}
