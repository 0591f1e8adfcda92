import type { Driver } from "../driver.ts";

/** The hash of the tree that a run's last frame shows. */
export function lastTreeHash(driver: Driver, runId: string): string | undefined {
  return driver.get<{ treeHash: string }>(
    "SELECT tree_hash AS treeHash FROM _smithers_frames WHERE run_id = ? ORDER BY frame_no DESC LIMIT 1",
    runId,
  )?.treeHash;
}
