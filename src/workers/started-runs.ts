/** Who waits for a run to be recorded: a start is answered then, and not only when its worker has answered. */
export class StartedRuns {
  /** By the wanted run id, what learns of the run's own id. */
  readonly #waiting = new Map<string, Set<(runId: string) => void>>();

  /**
   * Resolves with the id of the run that `start` records, as soon as it is recorded.
   * @throws what `start` throws before that
   */
  async wait(wantedRunId: string, start: Promise<string>): Promise<string> {
    const { promise: started, resolve, reject } = Promise.withResolvers<string>();
    const waiting = this.#waiting.get(wantedRunId) ?? new Set();
    this.#waiting.set(wantedRunId, waiting.add(resolve));
    start.then(resolve, reject);
    try {
      return await started;
    } finally {
      waiting.delete(resolve);
      if (waiting.size === 0) this.#waiting.delete(wantedRunId);
    }
  }

  /** A run is recorded, or was by an earlier request with the same key. */
  note(wantedRunId: string, runId: string): void {
    const waiting = this.#waiting.get(wantedRunId);
    // With several requests for one id, the worker says which one has started the run.
    if (waiting?.size === 1) for (const resolve of waiting) resolve(runId);
  }
}
