import { closeSync, existsSync, openSync } from "node:fs";
import { SmithersError } from "../errors/index.ts";
import { whenUnseen } from "../tools/sandbox/index.ts";

/** Longer than most commands run. */
const maxWaitMs = 30_000;

/**
 * Makes the place of a database that does not exist, before anything is written to it: commands that start from now on
 * have it hidden, and those that run already are waited for, because they could read it.
 *
 * @throws DB_UNAVAILABLE when such a command still runs after 30 s
 */
export async function reserveDatabase(file: string): Promise<void> {
  if (existsSync(file)) return;
  for (const path of [file, `${file}-wal`, `${file}-journal`]) {
    try {
      closeSync(openSync(path, "wx", 0o600));
    } catch {
      // It exists, or cannot be made, which opening it says.
    }
  }
  if (await whenUnseen(file, maxWaitMs)) return;
  throw new SmithersError(
    "DB_UNAVAILABLE",
    "A running command could read the new database. Try again once it has ended.",
  );
}
