import type { Driver } from "../../runtime/index.ts";

/**
 * Ends a transaction that has failed. Never throws: SQLite has already rolled back after some errors, as when the disk
 * is full, and the caller's error is the one that says what happened.
 */
export function rollBack(driver: Driver): void {
  try {
    driver.exec("ROLLBACK");
  } catch {
    // No transaction is open any more, or the next statement says what is wrong.
  }
}
