import type { Node, Output } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/index.ts";
import type { NodePage, NodePageQuery } from "../../snapshots.ts";
import { findNode, findOutput } from "./nodes.ts";
import { findRun } from "./runs.ts";

/** Number of bytes of outputs and errors after which a page ends, even below its limit. */
const maxPageBytes = 4_194_304;

const beginning = { ordinal: -1, iteration: -1, nodeId: "" };

/** A page of a run's nodes in plan order: at least one node, fewer than the limit when they are large. */
export function readNodes(driver: Driver, runId: string, query: NodePageQuery): NodePage | undefined {
  const run = findRun(driver, runId);
  if (!run) return undefined;
  const keys = keysAfter(driver, runId, query);
  const nodes: Node[] = [];
  const outputs: Output[] = [];
  const largeOutputs: { nodeId: string; iteration: number; bytes: number }[] = [];
  let bytes = 0;
  for (const { nodeId, iteration, outputBytes, errorBytes } of keys.slice(0, query.limit)) {
    const isLarge = outputBytes > query.maxOutputBytes;
    bytes += errorBytes + (isLarge ? 0 : outputBytes);
    if (nodes.length > 0 && bytes > maxPageBytes) break;
    nodes.push(findNode(driver, runId, nodeId, iteration)!);
    if (isLarge) largeOutputs.push({ nodeId, iteration, bytes: outputBytes });
    else if (outputBytes > 0) outputs.push(findOutput(driver, runId, nodeId, iteration)!);
  }
  return { run, nodes, outputs, largeOutputs, hasMore: nodes.length < keys.length };
}

interface NodeKey {
  readonly nodeId: string;
  readonly iteration: number;
  /** 0 for a node without an output. */
  readonly outputBytes: number;
  readonly errorBytes: number;
}

/** The keys of one node more than the limit, with the sizes of what is stored with them; large values are not read. */
function keysAfter(driver: Driver, runId: string, { limit, after = beginning }: NodePageQuery): NodeKey[] {
  return driver.all<NodeKey>(
    `SELECT n.node_id AS nodeId, n.iteration, coalesce(octet_length(n.error_json), 0) AS errorBytes,
       coalesce((SELECT octet_length(o.json) FROM _smithers_outputs o
         WHERE o.run_id = n.run_id AND o.node_id = n.node_id AND o.iteration = n.iteration), 0) AS outputBytes
     FROM _smithers_nodes n WHERE n.run_id = ? AND (n.ordinal, n.iteration, n.node_id) > (?, ?, ?)
     ORDER BY n.ordinal, n.iteration, n.node_id LIMIT ?`,
    runId,
    after.ordinal,
    after.iteration,
    after.nodeId,
    limit + 1,
  );
}
