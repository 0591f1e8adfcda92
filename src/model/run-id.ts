import { v7 } from "uuid";

/**
 * A new run's id: a UUID of version 7 (RFC 9562). The ids of one process sort in the order of their making, also within
 * a millisecond and when the clock goes back: rows of runs that are active at one time lie next to each other then, and
 * a commit writes fewer pages.
 */
export function newRunId(): string {
  return v7();
}
