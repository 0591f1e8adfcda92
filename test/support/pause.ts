import { Database } from "bun:sqlite";
import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Stops a process at a moment when it holds no lock of the database: one that is stopped in the middle of a commit keeps
 * everybody else out until it wakes, which is documented and another test's business.
 */
export async function pauseBetweenCommits(child: ChildProcess, file: string): Promise<void> {
  const database = new Database(file);
  try {
    for (;;) {
      child.kill("SIGSTOP");
      if (isUnlocked(database)) return;
      child.kill("SIGCONT");
      await sleep(3);
    }
  } finally {
    database.close();
  }
}

function isUnlocked(database: Database): boolean {
  try {
    database.run("BEGIN IMMEDIATE");
  } catch {
    return false;
  }
  database.run("ROLLBACK");
  return true;
}
