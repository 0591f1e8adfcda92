import { z } from "zod";
import { runIdSchema } from "../../api/index.ts";
import type { Engine } from "../../engine/index.ts";
import { SmithersError } from "../../errors/index.ts";
import type { Run } from "../../model/index.ts";
import type { RunDatabases, RunReader } from "../../runs/index.ts";
import type { Telemetry } from "../../telemetry/index.ts";
import type { ServerContext } from "../context.ts";
import type { Operation } from "../operation.ts";

/** What an operation on one run works with. */
export interface RunServices {
  readonly runId: string;
  readonly reader: RunReader;
  /**
   * Finds the run's row, and the engine of its database.
   * @throws RUN_NOT_FOUND, or a `DB_*` code when that database cannot be opened now
   */
  locate(): Promise<{ readonly run: Run; readonly database: Engine }>;
  /** Finds the engine that has committed events of the run a moment ago, without the database. */
  recent(): RecentRun | undefined;
  /** The engine of the run's database. Throws like {@link locate}, or lets the engine refuse an unknown run. */
  engine(): Promise<Engine>;
  /** Aborts when the open event streams must end. */
  readonly closing: AbortSignal;
  readonly telemetry?: Telemetry;
  /** Called once the run is cancelled over HTTP. */
  cancelled?(): void;
}

/** A run that an engine has just committed events of. */
export interface RecentRun {
  readonly database: Engine;
  readonly lastSeq: number;
}

/** A host that serves a single run, whose id is not in the path. */
export interface OneRun extends Omit<RunServices, "locate" | "recent" | "engine"> {
  readonly databases: RunDatabases<Engine>;
}

/** Applies an operation to the run that `runId` in the path names. */
export function onRun(operation: Operation<RunServices>): Operation<ServerContext> {
  return {
    ...operation,
    params: operation.params.extend({ runId: z.string() }),
    errors: ["RUN_NOT_FOUND", ...operation.errors],
    async handle(request, { databases, reader, streams, telemetry }) {
      const runId = request.params.runId as string;
      // An invalid run id cannot exist, and is not echoed in the answer.
      if (!runIdSchema.safeParse(runId).success)
        throw new SmithersError("RUN_NOT_FOUND", "There is no run with this id.");
      const locate = () => databases.runs.locate(runId);
      const recent = () => recentRun(databases.runs.main, runId);
      const engine = async () => recent()?.database ?? (await locate()).database;
      return operation.handle(request, { runId, reader, locate, recent, engine, closing: streams.signal, telemetry });
    },
  };
}

/** Applies an operation to the host's single run. */
export function onSingleRun(operation: Operation<RunServices>): Operation<OneRun> {
  return {
    ...operation,
    errors: ["RUN_NOT_FOUND", ...operation.errors],
    async handle(request, { databases, ...services }) {
      const locate = () => databases.locate(services.runId);
      const recent = () => recentRun(databases.main, services.runId);
      return operation.handle(request, { ...services, locate, recent, engine: async () => databases.main });
    },
  };
}

function recentRun(database: Engine, runId: string): RecentRun | undefined {
  const lastSeq = database.feed.recent.lastSeq(runId);
  return lastSeq === undefined ? undefined : { database, lastSeq };
}
