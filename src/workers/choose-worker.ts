import type { WorkerProcess } from "./worker-process.ts";

/** What a choice looks at in a worker. */
export type Candidate = Pick<WorkerProcess, "keys" | "runs" | "isBusy" | "isIdle" | "isLeaving" | "hasEnded">;

/** What is to be done by a worker. */
export interface Wanted {
  /** What the worker serves: a workflow file, or one run of it: see {@link aloneKey}. */
  readonly key: string;
  /** Whether the worker must serve nothing else. */
  readonly isAlone: boolean;
}

/** Stands in no file's path. */
const separator = "\0";

/** The key of work that gets a worker to itself. */
export function aloneKey(file: string, alone: string): string {
  return file + separator + alone;
}

/**
 * Chooses the worker that serves a key: the one that has served it, one that serves nothing, or one that has nothing to
 * do; a new one while there may be more.
 * @returns undefined for a new worker
 */
export function chooseWorker<Worker extends Candidate>(
  workers: Iterable<Worker>,
  { key, isAlone }: Wanted,
  maxWorkers: number,
): Worker | undefined {
  const all = [...workers].filter((worker) => !worker.isLeaving && !worker.hasEnded);
  const able = all.filter(({ isBusy }) => !isBusy);
  const known = able.find(({ keys }) => keys.has(key));
  if (known) return known;
  const spare = able.find(({ keys }) => keys.size === 0);
  if (spare) return spare;
  if (all.length < maxWorkers) return undefined;
  const idle = able.find((worker) => worker.isIdle);
  if (idle) return idle;
  const shared = able.filter(({ keys }) => ![...keys].some(isAloneKey)).sort((a, b) => a.runs - b.runs);
  // Workers that do not answer, and those of suspects, take no place from the others.
  if ((isAlone || shared.length === 0) && all.length < 2 * maxWorkers) return undefined;
  return shared[0] ?? able[0] ?? all[0];
}

function isAloneKey(key: string): boolean {
  return key.includes(separator);
}
