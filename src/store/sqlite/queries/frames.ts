import type { FramesQuery } from "../../../api/index.ts";
import type { Frame } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/index.ts";
import type { FramePage } from "../../snapshots.ts";
import { treeSize } from "../../stored-trees.ts";
import { treeReader } from "../trees.ts";

/** Hash of the tree in a run's last frame. */
export function lastTreeHash(driver: Driver, runId: string): string | undefined {
  return driver.get<{ treeHash: string }>(
    `SELECT u.tree_hash AS treeHash FROM _smithers_frames f JOIN _smithers_tree_uses u ON u.tree_no = f.tree_no
     WHERE f.run_id = ? ORDER BY f.frame_no DESC LIMIT 1`,
    runId,
  )?.treeHash;
}

/** Number of characters of trees after which a page ends, even below its limit. */
const maxPageCharacters = 8_388_608;

/** See `Store.readFrames`. */
export function framesIn(
  driver: Driver,
  runId: string,
  { order, afterFrameNo, beforeFrameNo = Number.MAX_SAFE_INTEGER, limit }: FramesQuery,
): Pick<FramePage, "frames" | "hasMore"> {
  const rows = driver.all<{ frameNo: number; createdAtMs: number; treeNo: number }>(
    `SELECT frame_no AS frameNo, created_at_ms AS createdAtMs, tree_no AS treeNo FROM _smithers_frames
     WHERE run_id = ? AND frame_no > ? AND frame_no < ? ORDER BY frame_no ${order === "asc" ? "ASC" : "DESC"} LIMIT ?`,
    runId,
    afterFrameNo,
    beforeFrameNo,
    limit + 1,
  );
  // Few large frames fit on a page, so each one is read only when it is needed.
  const trees = treeReader(driver);
  const frames: Frame[] = [];
  let characters = 0;
  for (const { frameNo, createdAtMs, treeNo } of rows.slice(0, limit)) {
    const tree = trees.read(treeNo);
    characters += treeSize(tree);
    if (frames.length > 0 && characters > maxPageCharacters) break;
    frames.push({ runId, frameNo, createdAtMs, ...tree });
  }
  return { frames, hasMore: frames.length < rows.length };
}
