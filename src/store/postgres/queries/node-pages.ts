import type { Output, Run } from "../../../model/index.ts";
import type { NodePage, NodePageQuery } from "../../snapshots.ts";
import { tables } from "../../tables.ts";
import type { Value } from "../database.ts";
import { type JsonRow, rowsAsJson } from "./select.ts";

/** Number of bytes of outputs and errors after which a page ends, even below its limit. */
const maxPageBytes = 4_194_304;

const beginning = { ordinal: -1, iteration: -1, nodeId: "" };

/** A node's row with what a page has of its output. */
export type NodeRow = JsonRow & {
  /** 0 for a node without an output. */
  readonly outputBytes: number;
  /** Whether the page still holds it. */
  readonly fits: boolean;
  /** Null when it is large. */
  readonly output: JsonRow | null;
};

const bytes = `b."errorBytes" + CASE WHEN b."outputBytes" <= $3::text::bigint THEN b."outputBytes" ELSE 0 END`;

/** One node more than the limit in plan order, with the sizes of what is stored with them; large values are not read. */
export const nodePageJson = rowsAsJson(`SELECT ${tables.nodes.select}, q."outputBytes", q.fits,
    CASE WHEN q.fits AND q."outputBytes" <= $3::text::bigint THEN (
      SELECT row_to_json(x) FROM (SELECT ${tables.outputs.select} FROM _smithers_outputs o
        WHERE o.run_id = q.run_id AND o.node_id = q.node_id AND o.iteration = q.iteration) x) END AS output
  FROM (
    SELECT b.*, row_number() OVER w = 1 OR sum(${bytes}) OVER w <= ${maxPageBytes} AS fits
    FROM (
      SELECT n.*, coalesce(octet_length(n.error_json), 0) AS "errorBytes", coalesce((
          SELECT octet_length(o.json) FROM _smithers_outputs o
          WHERE o.run_id = n.run_id AND o.node_id = n.node_id AND o.iteration = n.iteration), 0) AS "outputBytes"
      FROM _smithers_nodes n WHERE n.run_id = $1::text
        AND (n.ordinal, n.iteration, n.node_id) > ($4::text::bigint, $5::text::bigint, $6::text)
      ORDER BY n.ordinal, n.iteration, n.node_id LIMIT $2::text::bigint) b
    WINDOW w AS (ORDER BY b.ordinal, b.iteration, b.node_id)) q
  ORDER BY q.ordinal, q.iteration, q.node_id`);

export function nodePageParams(runId: string, { limit, maxOutputBytes, after = beginning }: NodePageQuery): Value[] {
  return [runId, limit + 1, maxOutputBytes, after.ordinal, after.iteration, after.nodeId];
}

export function decodeNodePage(run: Run, rows: readonly NodeRow[], { limit }: NodePageQuery): NodePage {
  const end = rows.findIndex(({ fits }) => !fits);
  const page = rows.slice(0, Math.min(limit, end === -1 ? rows.length : end));
  const outputs: Output[] = [];
  const largeOutputs: { nodeId: string; iteration: number; bytes: number }[] = [];
  const nodes = page.map(({ outputBytes, fits: _, output, ...row }) => {
    const node = tables.nodes.decode(row);
    if (output !== null) outputs.push(tables.outputs.decode(output));
    else if (outputBytes > 0) {
      largeOutputs.push({ nodeId: node.nodeId, iteration: node.iteration, bytes: outputBytes });
    }
    return node;
  });
  return { run, nodes, outputs, largeOutputs, hasMore: nodes.length < rows.length };
}
