import type { Attempt, Node, Output, ToolCall } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/index.ts";
import { handledFailure } from "../../rules/handled-failure.ts";
import { type ListedOutput, largeOutputBytes, maxLoadedBytes } from "../../snapshots.ts";
import { attempts, nodes, outputs, toolCalls } from "../tables.ts";

/** All nodes of a run, in plan order. */
export function nodesOf(driver: Driver, runId: string): Node[] {
  return driver
    .all<Record<string, unknown>>(
      `SELECT ${nodes.select} FROM _smithers_nodes WHERE run_id = ? ORDER BY ordinal, iteration, node_id`,
      runId,
    )
    .map((row) => nodes.decode(row));
}

/** The nodes of a run with one id, by iteration. */
export function nodesNamed(driver: Driver, runId: string, nodeId: string): Node[] {
  return driver
    .all<Record<string, unknown>>(
      `SELECT ${nodes.select} FROM _smithers_nodes WHERE run_id = ? AND node_id = ? ORDER BY iteration`,
      runId,
      nodeId,
    )
    .map((row) => nodes.decode(row));
}

/** The assignments that make a node pending again, with all of its retries. */
export const pendingAgain = `state = 'pending', failures = 0, lost_attempts = 0, finished_at_ms = NULL, error_json = NULL,
   wake_at_ms = NULL, wake_steady_ms = NULL, wake_steady_clock = NULL`;

/** Makes the nodes of a failed run pending again that have failed or were cancelled; see {@link handledFailure}. */
export function reopenNodes(driver: Driver, runId: string): void {
  driver.run(
    `UPDATE _smithers_nodes SET ${pendingAgain}
     WHERE run_id = ? AND state IN ('failed', 'cancelled')
       AND (state <> 'failed' OR error_json IS NULL OR instr(error_json, ?) = 0)`,
    runId,
    handledFailure,
  );
}

export function findNode(driver: Driver, runId: string, nodeId: string, iteration: number): Node | undefined {
  const row = driver.get<Record<string, unknown>>(
    `SELECT ${nodes.select} FROM _smithers_nodes WHERE run_id = ? AND node_id = ? AND iteration = ?`,
    runId,
    nodeId,
    iteration,
  );
  return row && nodes.decode(row);
}

/** The highest iteration of a node; undefined when the run has no such node. */
export function lastIteration(driver: Driver, runId: string, nodeId: string): number | undefined {
  const sql = "SELECT max(iteration) AS last FROM _smithers_nodes WHERE run_id = ? AND node_id = ?";
  return driver.get<{ last: number | null }>(sql, runId, nodeId)?.last ?? undefined;
}

/** The waiting nodes of a run, oldest wait first. */
export function waitingNodes(driver: Driver, runId: string): Node[] {
  return driver
    .all<Record<string, unknown>>(
      `SELECT ${nodes.select} FROM _smithers_nodes INDEXED BY _smithers_nodes_waiting
       WHERE run_id = ? AND (state = 'waiting-approval' OR state = 'waiting-event' OR state = 'waiting-timer')
       ORDER BY started_at_ms`,
      runId,
    )
    .map((row) => nodes.decode(row));
}

/** Attempts and tool calls of one node that are read at once. */
const maxAttempts = 100;
const maxToolCalls = 1_000;

/** The last attempts of a node in one iteration, in order. */
export function attemptsOf(driver: Driver, runId: string, nodeId: string, iteration: number): Attempt[] {
  return driver
    .all<Record<string, unknown>>(
      `SELECT ${attempts.select} FROM _smithers_attempts
       WHERE run_id = ? AND node_id = ? AND iteration = ? ORDER BY attempt DESC LIMIT ?`,
      runId,
      nodeId,
      iteration,
      maxAttempts,
    )
    .map((row) => attempts.decode(row))
    .reverse();
}

/** The last tool calls of a node in one iteration, in the order in which they started. */
export function toolCallsOf(driver: Driver, runId: string, nodeId: string, iteration: number): ToolCall[] {
  return driver
    .all<Record<string, unknown>>(
      `SELECT ${toolCalls.select} FROM _smithers_tool_calls
       WHERE run_id = ? AND node_id = ? AND iteration = ? ORDER BY attempt DESC, call_no DESC LIMIT ?`,
      runId,
      nodeId,
      iteration,
      maxToolCalls,
    )
    .map((row) => toolCalls.decode(row))
    .reverse();
}

/** The attempts of a run that have not ended. */
export function runningAttempts(
  driver: Driver,
  runId: string,
): Pick<Attempt, "nodeId" | "iteration" | "startedAtMs">[] {
  return driver.all(
    `SELECT node_id AS nodeId, iteration, started_at_ms AS startedAtMs FROM _smithers_attempts
     WHERE run_id = ? AND state = 'running'`,
    runId,
  );
}

/** Number of a run's nodes in each state. */
export function countNodes(driver: Driver, runId: string): Record<string, number> {
  const rows = driver.all<{ state: string; count: number }>(
    "SELECT state, count(*) AS count FROM _smithers_nodes WHERE run_id = ? GROUP BY state",
    runId,
  );
  return Object.fromEntries(rows.map((row) => [row.state, row.count]));
}

/**
 * The columns of an output. The JSON is left out unless it has at most as many bytes as the first parameter says, and
 * the output's number is higher than the second.
 */
const listedColumns = `run_id AS runId, node_id AS nodeId, iteration, output_no AS outputNo, schema_key AS schemaKey,
  schema_hash AS schemaHash, octet_length(json) AS bytes,
  CASE WHEN octet_length(json) <= ? AND output_no > ? THEN json END AS json`;

/** All outputs of a run, in the order in which they were stored; see {@link maxLoadedBytes}. */
export function loadedOutputs(driver: Driver, runId: string): ListedOutput[] {
  const sizes = driver.all<Pick<ListedOutput, "outputNo" | "bytes">>(
    `SELECT output_no AS outputNo, octet_length(json) AS bytes FROM _smithers_outputs
     WHERE run_id = ? AND octet_length(json) <= ? ORDER BY output_no DESC`,
    runId,
    largeOutputBytes,
  );
  let total = 0;
  const tooMany = sizes.find(({ bytes }) => (total += bytes) > maxLoadedBytes);
  return driver.all<ListedOutput>(
    `SELECT ${listedColumns} FROM _smithers_outputs WHERE run_id = ? ORDER BY output_no`,
    largeOutputBytes,
    tooMany?.outputNo ?? 0,
    runId,
  );
}

/** One output without its JSON when it is large. */
export function findListedOutput(
  driver: Driver,
  runId: string,
  nodeId: string,
  iteration: number,
): ListedOutput | undefined {
  return driver.get<ListedOutput>(
    `SELECT ${listedColumns} FROM _smithers_outputs WHERE run_id = ? AND node_id = ? AND iteration = ?`,
    largeOutputBytes,
    0,
    runId,
    nodeId,
    iteration,
  );
}

/** The JSON of one output as bytes: a text would be decoded and encoded again. */
export function findOutputBytes(driver: Driver, runId: string, nodeId: string, iteration: number) {
  const sql =
    "SELECT CAST(json AS BLOB) AS json FROM _smithers_outputs WHERE run_id = ? AND node_id = ? AND iteration = ?";
  return driver.get<{ json: Uint8Array<ArrayBuffer> }>(sql, runId, nodeId, iteration)?.json;
}

export function findOutput(driver: Driver, runId: string, nodeId: string, iteration: number): Output | undefined {
  return driver.get<Output>(
    `SELECT ${outputs.select} FROM _smithers_outputs WHERE run_id = ? AND node_id = ? AND iteration = ?`,
    runId,
    nodeId,
    iteration,
  );
}

/** Lets a run that has failed execute again. */
export function reopenRun(driver: Driver, runId: string, nowMs: number): void {
  driver.run(
    `UPDATE _smithers_runs SET status = 'running', finished_at_ms = NULL, error_json = NULL, heartbeat_at_ms = ?,
     reopened = reopened + 1, crashes = 0
     WHERE run_id = ?`,
    nowMs,
    runId,
  );
}
