import type { ExecutionEnd } from "./run/conclude.ts";

/** Which runs a holder is claiming, and who waits for runs that it will release. */
export class RunClaims {
  readonly #claiming = new Map<string, Promise<unknown>>();
  readonly #waiting = new Map<string, Set<(end: ExecutionEnd) => void>>();

  has(runId: string): boolean {
    return this.#claiming.has(runId);
  }

  /** Keeps a claim until it has succeeded or failed. */
  async keep(runId: string, claim: Promise<boolean>): Promise<boolean> {
    this.#claiming.set(
      runId,
      claim.catch(() => {}),
    );
    try {
      return await claim;
    } finally {
      this.#claiming.delete(runId);
    }
  }

  /** Resolves when a pending claim of the run, if there is one, has succeeded or failed. */
  async settled(runId: string): Promise<void> {
    await this.#claiming.get(runId);
  }

  /** Resolves when all pending claims have succeeded or failed. */
  async allSettled(): Promise<void> {
    await Promise.all(this.#claiming.values());
  }

  /** Resolves when the run is released. */
  released(runId: string): Promise<ExecutionEnd> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(runId) ?? new Set();
      this.#waiting.set(runId, waiting.add(resolve));
    });
  }

  /** Tells those who wait for the run. */
  release(runId: string, end: ExecutionEnd): void {
    for (const resolve of this.#waiting.get(runId) ?? []) resolve(end);
    this.#waiting.delete(runId);
  }
}
