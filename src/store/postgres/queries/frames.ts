import type { FramesQuery } from "../../../api/index.ts";
import type { Frame, Run } from "../../../model/index.ts";
import type { FramePage } from "../../snapshots.ts";
import { TreeReader, type TreeRow, treeSize } from "../../stored-trees.ts";
import { tables } from "../../tables.ts";
import type { Database } from "../database.ts";
import { type JsonRow, rowsAsJson, runJson } from "./select.ts";

/** Number of characters of trees after which a page ends, even below its limit. */
const maxPageCharacters = 8_388_608;
/** Number of trees that are read at once, with those that they build on. */
const treesAtOnce = 50;

/** A frame's row. */
export interface FrameRow {
  readonly frameNo: number;
  readonly createdAtMs: number;
  readonly treeNo: number;
}

interface SizedFrameRow extends FrameRow {
  readonly bytes: number;
}

/** Frames with their trees. */
export async function framesWithTrees(database: Database, runId: string, rows: readonly FrameRow[]): Promise<Frame[]> {
  const known = new Map<number, TreeRow>();
  await readTrees(
    database,
    rows.map(({ treeNo }) => treeNo),
    known,
  );
  const trees = new TreeReader((treeNo) => known.get(treeNo)!);
  return rows.map(({ frameNo, createdAtMs, treeNo }) => ({ runId, frameNo, createdAtMs, ...trees.read(treeNo) }));
}

/** See `Store.readFrames`. */
export async function selectFrames(
  database: Database,
  runId: string,
  { order, afterFrameNo, beforeFrameNo = Number.MAX_SAFE_INTEGER, limit }: FramesQuery,
): Promise<FramePage | undefined> {
  const rows = `SELECT f.frame_no AS "frameNo", f.created_at_ms AS "createdAtMs", f.tree_no AS "treeNo",
      octet_length(t.json) AS bytes
    FROM _smithers_frames f JOIN _smithers_trees t ON t.tree_no = f.tree_no
    WHERE f.run_id = $1::text AND f.frame_no > $2::text::bigint AND f.frame_no < $3::text::bigint
    ORDER BY f.frame_no ${order === "asc" ? "ASC" : "DESC"} LIMIT $4::text::bigint`;
  const found = await database.read<{ run: JsonRow; frames: SizedFrameRow[] }>(
    `SELECT json_build_object('run', ${runJson}, 'frames', ${rowsAsJson(rows)})::text
     WHERE EXISTS (SELECT 1 FROM _smithers_runs WHERE run_id = $1::text)`,
    runId,
    afterFrameNo,
    beforeFrameNo,
    limit + 1,
  );
  if (!found) return undefined;
  const run: Run = tables.runs.decode(found.run);
  return { run, ...(await withTrees(database, runId, found.frames, limit)) };
}

/** Few large frames fit on a page, so their trees are read some at a time. */
async function withTrees(
  database: Database,
  runId: string,
  rows: readonly SizedFrameRow[],
  limit: number,
): Promise<Pick<FramePage, "frames" | "hasMore">> {
  const known = new Map<number, TreeRow>();
  const trees = new TreeReader((treeNo) => known.get(treeNo)!);
  const frames: Frame[] = [];
  let characters = 0;
  for (const [index, { frameNo, createdAtMs, treeNo }] of rows.slice(0, limit).entries()) {
    if (!known.has(treeNo)) await readTrees(database, nextTrees(rows.slice(index, limit), known), known);
    const tree = trees.read(treeNo);
    characters += treeSize(tree);
    if (frames.length > 0 && characters > maxPageCharacters) break;
    frames.push({ runId, frameNo, createdAtMs, ...tree });
  }
  return { frames, hasMore: frames.length < rows.length };
}

/** The trees of the next frames, as many as are not too much at once; at least one. */
function nextTrees(rows: readonly SizedFrameRow[], known: ReadonlyMap<number, TreeRow>): number[] {
  const wanted = new Set<number>();
  let bytes = 0;
  for (const row of rows) {
    if (known.has(row.treeNo) || wanted.has(row.treeNo)) continue;
    bytes += row.bytes;
    if (wanted.size > 0 && (bytes > maxPageCharacters || wanted.size >= treesAtOnce)) break;
    wanted.add(row.treeNo);
  }
  return [...wanted];
}

async function readTrees(database: Database, treeNos: readonly number[], known: Map<number, TreeRow>): Promise<void> {
  const rows = await database.one<(TreeRow & { treeNo: number })[]>(
    `WITH RECURSIVE chain AS (
       SELECT t.tree_no, t.base_no FROM _smithers_trees t
       WHERE t.tree_no = ANY (ARRAY (SELECT value::bigint FROM json_array_elements_text($1::text::json)))
       UNION SELECT b.tree_no, b.base_no FROM _smithers_trees b JOIN chain c ON b.tree_no = c.base_no)
     SELECT ${rowsAsJson(`SELECT t.tree_no AS "treeNo", t.base_no AS "baseNo", t.xml_hash AS "xmlHash", t.json
       FROM _smithers_trees t WHERE t.tree_no IN (SELECT c.tree_no FROM chain c)`)}::text`,
    JSON.stringify(treeNos),
  );
  for (const { treeNo, ...row } of rows) known.set(treeNo, row);
}
