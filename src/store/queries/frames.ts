import type { Frame } from "../../model/index.ts";
import type { Driver } from "../driver.ts";

/** The hash of the tree that a run's last frame shows. */
export function lastTreeHash(driver: Driver, runId: string): string | undefined {
  return driver.get<{ treeHash: string }>(
    "SELECT tree_hash AS treeHash FROM _smithers_frames WHERE run_id = ? ORDER BY frame_no DESC LIMIT 1",
    runId,
  )?.treeHash;
}

export interface FramePage {
  frames: Frame[];
  hasMore: boolean;
}

/** Characters of trees after which a page ends, be its limit reached or not. */
const maxPageCharacters = 8_388_608;

type Tree = Pick<Frame, "xmlJson" | "xmlHash" | "mountedTaskIdsJson" | "taskIndexJson">;

/** Frames of a run after `afterFrameNo`, oldest first: at least one, at most `limit`, fewer when their trees are large. */
export function framesAfter(driver: Driver, runId: string, afterFrameNo: number, limit: number): FramePage {
  const rows = driver.all<{ frameNo: number; createdAtMs: number; treeHash: string }>(
    `SELECT frame_no AS frameNo, created_at_ms AS createdAtMs, tree_hash AS treeHash FROM _smithers_frames
     WHERE run_id = ? AND frame_no > ? ORDER BY frame_no LIMIT ?`,
    runId,
    afterFrameNo,
    limit + 1,
  );
  // Frames share trees, and few fit a page when they are large: each is read when it is needed, once.
  const trees = new Map<string, Tree>();
  const frames: Frame[] = [];
  let characters = 0;
  for (const { frameNo, createdAtMs, treeHash } of rows.slice(0, limit)) {
    const tree = trees.get(treeHash) ?? findTree(driver, treeHash);
    characters += tree.xmlJson.length + tree.taskIndexJson.length + tree.mountedTaskIdsJson.length;
    if (frames.length > 0 && characters > maxPageCharacters) break;
    trees.set(treeHash, tree);
    frames.push({ runId, frameNo, createdAtMs, ...tree });
  }
  return { frames, hasMore: frames.length < rows.length };
}

function findTree(driver: Driver, hash: string): Tree {
  return driver.get<Tree>(
    `SELECT xml_json AS xmlJson, xml_hash AS xmlHash, mounted_json AS mountedTaskIdsJson, index_json AS taskIndexJson
     FROM _smithers_trees WHERE hash = ?`,
    hash,
  )!;
}
