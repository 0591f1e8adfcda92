import type { Run } from "../model/index.ts";
import type { Lease, TurnRecord } from "../store/index.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** A run that a worker executes. */
export interface WorkerRun {
  readonly worker: WorkerProcess;
  readonly lease: Lease;
  /** How many of its attempts run. */
  attempts: number;
  /** The run after its last turn, without its input; undefined until the worker has read it. */
  row: Run | undefined;
}

/** Which worker executes which runs of one store. */
export class HeldRuns {
  readonly #runs = new Map<string, WorkerRun>();

  get size(): number {
    return this.#runs.size;
  }

  get runningAttempts(): number {
    let sum = 0;
    for (const { attempts } of this.#runs.values()) sum += attempts;
    return sum;
  }

  get(runId: string): WorkerRun | undefined {
    return this.#runs.get(runId);
  }

  add(worker: WorkerProcess, lease: Lease): void {
    this.delete(lease.runId);
    this.#runs.set(lease.runId, { worker, lease, attempts: 0, row: undefined });
    worker.runs += 1;
  }

  delete(runId: string): void {
    const run = this.#runs.get(runId);
    if (!run || !this.#runs.delete(runId)) return;
    run.worker.runs -= 1;
    run.worker.used();
  }

  /** The worker has recorded a run that it executes, or has read it. */
  read(row: Run): void {
    const run = this.#runs.get(row.runId);
    if (run) run.row = { ...row, input: null };
  }

  committed({ lease, facts, run: { release: _, ...change } }: TurnRecord): void {
    const run = this.#runs.get(lease.runId);
    if (!run) return;
    if (facts) run.attempts = facts.runningAttempts;
    run.row = run.row && { ...run.row, ...change };
  }

  leases(): Lease[] {
    return [...this.#runs.values()].map(({ lease }) => lease);
  }

  workers(): Set<WorkerProcess> {
    return new Set([...this.#runs.values()].map(({ worker }) => worker));
  }

  of(worker: WorkerProcess): WorkerRun[] {
    return [...this.#runs.values()].filter((run) => run.worker === worker);
  }
}
