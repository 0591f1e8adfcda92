import { SmithersError } from "../../errors/index.ts";
import { createPrivateFile } from "../../files/index.ts";
import { whenUnseen } from "../../tools/sandbox/index.ts";

/** Longer than most commands run. */
const maxWaitMs = 30_000;

/**
 * Hides a database that is still empty before anything is written to it: commands that start from now on have it
 * hidden, and those that run already are waited for, because they could read it.
 *
 * @throws DB_UNAVAILABLE when such a command still runs after 30 s
 */
export async function hideNewDatabase(file: string): Promise<void> {
  for (const path of [`${file}-wal`, `${file}-journal`]) {
    try {
      createPrivateFile(path);
    } catch {
      // It exists, or cannot be created, which opening it says.
    }
  }
  if (await whenUnseen(file, maxWaitMs)) return;
  throw new SmithersError(
    "DB_UNAVAILABLE",
    "A running command could read the new database. Try again once it has ended.",
  );
}
