import type { SmithersError } from "../errors/index.ts";

/** Observes the writer of a store. It is called on the hot path: it must be quick and must not throw. */
export interface StoreObserver {
  /** `writes` writes shared a transaction that took `durationMs`. */
  committed(writes: number, durationMs: number): void;
  /** Another process held the write lock, and the transaction is tried again. */
  busy(): void;
  /** The database refused a write with a `DB_*` code. The store's `trouble` is still that of the previous write. */
  failed(error: SmithersError): void;
  /** A reader holds the write-ahead log open: `waitingBytes` of it cannot be moved into the database. */
  logHeld(waitingBytes: number): void;
  /** The database accepts writes again. */
  recovered(): void;
}
