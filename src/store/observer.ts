import type { SmithersError } from "../errors/index.ts";

/** Told of what a store's writer does, on its hot path: it must be quick, and must not throw. */
export interface StoreObserver {
  /** So many writes shared a transaction that took so long. */
  committed(writes: number, durationMs: number): void;
  /** Another process held the write lock; the transaction is tried again. */
  busy(): void;
  /** The database refused a write with a `DB_*` code; the store's `trouble` is still that of the write before. */
  failed(error: SmithersError): void;
  /** It takes writes again. */
  recovered(): void;
}
