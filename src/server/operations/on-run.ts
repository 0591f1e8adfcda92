import { z } from "zod";
import { runIdSchema } from "../../api/index.ts";
import type { Engine } from "../../engine/index.ts";
import { noSuchRun, SmithersError } from "../../errors/index.ts";
import type { ContinuingCalls, Run } from "../../model/index.ts";
import type { Store } from "../../store/index.ts";
import type { Telemetry } from "../../telemetry/index.ts";
import type { ServerContext } from "../context.ts";
import type { Operation } from "../operation.ts";

/** What an operation on one run works with. */
export interface RunServices {
  readonly runId: string;
  /**
   * Reads the run, and with it what else the operation shows, from the database that it lives in.
   * @throws RUN_NOT_FOUND, or a `DB_*` code when that database cannot be opened now
   */
  find<T extends { readonly run: Run }>(
    read: (store: Store) => Promise<T | undefined>,
  ): Promise<T & { engine: Engine }>;
  /** The engine of that database; throws as {@link find}. */
  engine(): Promise<Engine>;
  /** Aborts when the open event streams must end. */
  readonly closing: AbortSignal;
  readonly telemetry?: Telemetry;
  /** The calls that continue the run on this host. Default: those of a server with many runs. */
  readonly calls?: ContinuingCalls;
}

/** A run's row, as {@link RunServices.find} reads it. */
export async function rowOf(store: Store, runId: string): Promise<{ run: Run } | undefined> {
  const run = await store.findRun(runId);
  return run && { run };
}

/** A host that serves a single run, whose id is not in the path. */
export interface OneRun {
  readonly engine: Engine;
  readonly runId: string;
  readonly closing: AbortSignal;
  readonly telemetry?: Telemetry;
  readonly calls: ContinuingCalls;
}

/** Applies an operation to the run that `runId` in the path names. */
export function onRun(operation: Operation<RunServices>): Operation<ServerContext> {
  return {
    ...operation,
    params: operation.params.extend({ runId: z.string() }),
    errors: ["RUN_NOT_FOUND", ...operation.errors],
    async handle(request, { homes, streams, telemetry }) {
      const runId = request.params.runId as string;
      // An invalid run id cannot exist, and is not echoed in the answer.
      if (!runIdSchema.safeParse(runId).success)
        throw new SmithersError("RUN_NOT_FOUND", "There is no run with this id.");
      const find: RunServices["find"] = (read) => homes.find(runId, read);
      const engine = async () => (await find((store) => rowOf(store, runId))).engine;
      return operation.handle(request, { runId, find, engine, closing: streams.signal, telemetry });
    },
  };
}

/** Applies an operation to the host's single run. */
export function onTheRun(operation: Operation<RunServices>): Operation<OneRun> {
  return {
    ...operation,
    errors: ["RUN_NOT_FOUND", ...operation.errors],
    async handle(request, { engine, runId, closing, telemetry, calls }) {
      const find: RunServices["find"] = async (read) => {
        const found = await read(engine.store);
        if (!found) throw noSuchRun(runId);
        return { ...found, engine };
      };
      // Every command of the engine refuses a run that is not there.
      return operation.handle(request, { runId, find, engine: async () => engine, closing, telemetry, calls });
    },
  };
}
