import { resolve } from "node:path";
import { greatestMaxConcurrency } from "../api/limits.ts";
import { type ErrorRecord, leaseLost, messageOf, SmithersError } from "../errors/index.ts";
import { isWorkflow, type Workflow } from "../jsx/index.ts";
import { hasEnded, type Run, type RunStatus, type SmithersEvent } from "../model/index.ts";
import { type DrizzleDatabase, openStore, type StoreOptions } from "../store/index.ts";
import { printable } from "../text/printable.ts";
import { openForWorkflow } from "./databases/index.ts";
import type { Engine } from "./engine.ts";
import { engineOn } from "./open-engine.ts";
import { refusePublishedOptions } from "./published-options.ts";

export interface RunWorkflowOptions extends StoreOptions {
  /** Validated by the workflow's `input` schema. */
  input?: unknown;
  runId?: string;
  /** Continues the run named `runId` instead of starting one. */
  resume?: boolean;
  /** A Drizzle database, a file's path, or a `postgres://` address. Defaults to the workflow's `dbPath`, then to `smithers.db` in `rootDir`. */
  db?: DrizzleDatabase | string;
  /** The folder that tools are confined to. Defaults to the current folder. */
  rootDir?: string;
  allowNetwork?: boolean;
  /** Paths outside `rootDir` that commands may read, relative to it. Defaults to none. */
  readable?: readonly string[];
  /** Paths that tools may change although this process loads them, relative to `rootDir`. Defaults to none. */
  writable?: readonly string[];
  /** How many attempts may run at once; Infinity for no limit. Default: 4. */
  maxConcurrency?: number;
  /** Cancels the run when it aborts. */
  signal?: AbortSignal;
  /** Called with each event once it is committed. */
  onProgress?: (event: SmithersEvent) => void;
}

export interface RunResult {
  runId: string;
  status: RunStatus;
  /** The value of the task that finished last; of a run that has continued as others, of the last of them. */
  output: unknown;
  error?: ErrorRecord;
}

/**
 * Runs a workflow in this process until it ends, or waits for a person or an event.
 *
 * @throws INVALID_OPTIONS, RUN_ID_REQUIRED, INVALID_INPUT, RUN_ALREADY_EXISTS, RUN_NOT_FOUND,
 *   RUN_NOT_ACTIVE, RUN_IN_PROGRESS, or a `DB_*` code; a run that fails resolves, with `error`
 * @example
 * const { status, output } = await runWorkflow(workflow, { input: { msg: "hi" } });
 */
export async function runWorkflow(workflow: Workflow, options: RunWorkflowOptions = {}): Promise<RunResult> {
  if (!isWorkflow(workflow)) {
    throw new SmithersError("INVALID_OPTIONS", "runWorkflow takes what smithers(…) returned as its first argument.");
  }
  refusePublishedOptions(options);
  const { maxConcurrency } = options;
  if (maxConcurrency !== undefined && maxConcurrency !== Number.POSITIVE_INFINITY) {
    if (!Number.isInteger(maxConcurrency) || maxConcurrency < 1) {
      throw new SmithersError("INVALID_OPTIONS", "The option maxConcurrency must be a whole number of at least 1.");
    }
  }
  if (options.resume && options.runId === undefined) throw new SmithersError("RUN_ID_REQUIRED");
  const rootDir = resolve(options.rootDir ?? process.cwd());
  const { synchronous, schema } = options;
  const { store, knownPaths } =
    options.db === undefined
      ? await openForWorkflow(workflow.dbPath, { rootDir, synchronous })
      : { store: await openStore(options.db, { synchronous, schema }), knownPaths: [] };
  const engine = engineOn(store, {
    rootDir,
    allowNetwork: options.allowNetwork ?? false,
    fileRules: {
      privatePaths: () => knownPaths,
      readable: options.readable ?? [],
      writable: options.writable ?? [],
    },
    scope: "own",
    resolveWorkflow: async () => ({ workflow }),
  });
  engine.begin();
  const cancel = { now: () => {} };
  const onAbort = () => cancel.now();
  options.signal?.addEventListener("abort", onAbort);
  try {
    const { onProgress } = options;
    if (onProgress) {
      engine.feed.subscribe((events) => {
        for (const { json } of events) tell(onProgress, json);
      });
    }
    const runId = options.resume
      ? await engine.resume(options.runId!, { workflow }).then(() => options.runId!)
      : await engine.start({
          workflow,
          input: options.input,
          runId: options.runId,
          config:
            maxConcurrency === undefined ? {} : { maxConcurrency: Math.min(maxConcurrency, greatestMaxConcurrency) },
        });
    cancel.now = () => void engine.cancel(runId).catch(() => {});
    if (options.signal?.aborted) cancel.now();
    return await settled(engine, runId, (continuedAs) => {
      cancel.now = () => void engine.cancel(continuedAs).catch(() => {});
      if (options.signal?.aborted) cancel.now();
    });
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
    await engine.close();
    await engine.store.close();
  }
}

/** Calls a listener. An error in it does not stop the run. */
function tell(onProgress: (event: SmithersEvent) => void, json: string): void {
  try {
    onProgress(JSON.parse(json));
  } catch (error) {
    console.error(printable(`onProgress threw an error: ${messageOf(error)}. The run continues.`));
  }
}

/**
 * Resolves when a run that `engine` executes has ended, or is waiting for a person or an event.
 * @param onContinued called when the run has continued as another one, which is waited for then; without it, such a run
 *   has ended
 * @throws RUN_NOT_FOUND when it was removed, LEASE_LOST when another process took it over
 */
export async function settled(
  engine: Engine,
  given: string,
  onContinued?: (continuedAs: string) => void,
): Promise<RunResult> {
  let runId = given;
  let released = engine.released(runId);
  for (;;) {
    const elsewhere = changedElsewhere(engine, runId);
    const outcome = await engine.store.readOutcome(runId);
    if (!outcome) throw new SmithersError("RUN_NOT_FOUND", `The run "${runId}" was removed while it was running.`);
    const { run, output } = outcome;
    if (run.continuedAs !== null && onContinued) {
      runId = run.continuedAs;
      released = engine.released(runId);
      onContinued(runId);
      continue;
    }
    // What a subflow has to take in may let the run continue.
    const busy = hasEnded(run.status) ? [] : await busySubflows(engine, runId);
    const moved = busy.map((childRunId) => engine.released(childRunId).then(() => undefined));
    if (hasEnded(run.status) || (isParkedForInput(run) && busy.length === 0)) {
      const result: RunResult = { runId, status: run.status, output };
      if (run.error) result.error = run.error;
      return result;
    }
    const end = await Promise.race([released, elsewhere, ...moved]);
    if (end === "lost") throw leaseLost(runId);
    if (end !== undefined) released = engine.released(runId);
    else await engine.wake(runId);
  }
}

/**
 * Whether a run is parked until a person or an event continues it. A resumed run, which is not parked, keeps such a
 * status until its first turn.
 */
const isParkedForInput = ({ status, owner }: Run) =>
  owner === null && (status === "waiting-approval" || status === "waiting-event");

/** The subflows of a run, and theirs, that are being executed or have something to take in. */
async function busySubflows(engine: Engine, runId: string): Promise<string[]> {
  const busy: string[] = [];
  for (const { runId: childRunId, status } of await engine.store.childrenOf(runId)) {
    if (hasEnded(status)) continue;
    const child = await engine.store.findRun(childRunId);
    if (child && (child.owner !== null || child.inboxNo > child.takenNo || status === "running")) busy.push(childRunId);
    busy.push(...(await busySubflows(engine, childRunId)));
  }
  return busy;
}

/** Resolves when another process may have changed the run while it was parked here, for example cancelled it. */
function changedElsewhere(engine: Engine, runId: string): Promise<undefined> {
  return new Promise((resolve) => {
    const stop = engine.feed.follow(runId, {
      changedElsewhere() {
        stop();
        resolve(undefined);
      },
    });
  });
}
