import { z } from "zod";
import { runIdSchema } from "../../api/index.ts";
import type { Engine } from "../../engine/index.ts";
import { noSuchRun, SmithersError } from "../../errors/index.ts";
import type { ContinuingCalls, Run } from "../../model/index.ts";
import type { Telemetry } from "../../telemetry/index.ts";
import type { ServerContext } from "../context.ts";
import type { Operation } from "../operation.ts";

/** What an operation on one run works with. */
export interface RunServices {
  readonly engine: Engine;
  /** As it stood when the request came. */
  readonly run: Run;
  /** Ends the event streams that are open. */
  readonly closing: AbortSignal;
  readonly telemetry?: Telemetry;
  /** Where the host has its calls. Defaults to where a server of many runs has them. */
  readonly calls?: ContinuingCalls;
}

/** A host of one run alone: its id is in no path. */
export interface OneRun {
  readonly engine: Engine;
  readonly runId: string;
  readonly closing: AbortSignal;
  readonly telemetry?: Telemetry;
  readonly calls: ContinuingCalls;
}

/** The operation on the run that `runId` in the path names. */
export function onRun(operation: Operation<RunServices>): Operation<ServerContext> {
  return {
    ...operation,
    params: operation.params.extend({ runId: z.string() }),
    errors: ["RUN_NOT_FOUND", ...operation.errors],
    async handle(request, { homes, streams, telemetry }) {
      const runId = request.params.runId as string;
      // An id that no run can have names no run, and is not repeated in the answer.
      if (!runIdSchema.safeParse(runId).success)
        throw new SmithersError("RUN_NOT_FOUND", "There is no run with this id.");
      return operation.handle(request, { ...(await homes.find(runId)), closing: streams.signal, telemetry });
    },
  };
}

/** The operation on the one run of its host. */
export function onTheRun(operation: Operation<RunServices>): Operation<OneRun> {
  return {
    ...operation,
    errors: ["RUN_NOT_FOUND", ...operation.errors],
    async handle(request, { engine, runId, closing, telemetry, calls }) {
      const run = await engine.store.findRun(runId);
      if (!run) throw noSuchRun(runId);
      return operation.handle(request, { engine, run, closing, telemetry, calls });
    },
  };
}
