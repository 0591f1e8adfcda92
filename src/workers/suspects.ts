import type { Verdict } from "./blame.ts";

/** What was learned from lost workers: which runs, and which nodes of a run, must execute apart from others. */
export class Suspects {
  /** Runs that may block or end their worker: they get one of their own. */
  readonly #runs = new Set<string>();
  /** The nodes of a run that were lost together. Each runs alone, so that the next loss tells which one it is. */
  readonly #nodes = new Map<string, ReadonlySet<string>>();

  /** Notes a run whose worker is lost. */
  add(runId: string, verdict: Verdict): void {
    if (verdict.suspects.has(runId) || verdict.charged.has(runId)) this.#runs.add(runId);
  }

  /** Forgets a run that has come through. */
  clear(runId: string): void {
    this.#runs.delete(runId);
    this.#nodes.delete(runId);
  }

  has(runId: string): boolean {
    return this.#runs.has(runId);
  }

  nodesOf(runId: string): ReadonlySet<string> | undefined {
    return this.#nodes.get(runId);
  }

  /** Whether a loss of several nodes is charged to none of them, because they are going to run alone. */
  tellsApart(runId: string, nodeIds: readonly string[]): boolean {
    const known = this.#nodes.get(runId);
    if (nodeIds.length < 2 || nodeIds.every((nodeId) => known?.has(nodeId))) return false;
    this.#nodes.set(runId, new Set([...(known ?? []), ...nodeIds]));
    return true;
  }
}
