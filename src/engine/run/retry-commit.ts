import { isSmithersError, type SmithersError } from "../../errors/index.ts";

/** How long to wait before a refused commit is tried again. */
const pauseMs = 1_000;

/**
 * Writes again and again while the database takes nothing, as when the disk is full or somebody else has locked it.
 * `refused` is told once, when the first write is; any other error, and any at all once `givesUp`, is thrown.
 */
export async function retryCommit<T>(
  write: () => Promise<T>,
  givesUp: () => boolean,
  refused: (error: SmithersError) => void,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await write();
    } catch (error) {
      if (givesUp() || !isSmithersError(error) || error.status !== 503) throw error;
      if (tries === 0) refused(error);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
