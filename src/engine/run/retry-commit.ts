import { isSmithersError, type SmithersError } from "../../errors/index.ts";
import { sleep } from "../../timing/index.ts";

/** How long to wait before a refused commit is retried. */
const pauseMs = 1_000;

/**
 * Retries a commit until the database accepts it: the disk may be full, or another process may hold the lock.
 * @param givesUp ends the retries: the next error is thrown
 * @param onRefused called once, when the first try is refused
 * @throws every error that is not a refusal of the database
 */
export async function retryCommit<T>(
  write: () => Promise<T>,
  givesUp: () => boolean,
  onRefused: (error: SmithersError) => void,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await write();
    } catch (error) {
      if (givesUp() || !isSmithersError(error) || error.status !== 503) throw error;
      if (tries === 0) onRefused(error);
      await sleep(pauseMs);
    }
  }
}
