import { randomInt } from "node:crypto";
import type { z } from "zod";
import { SmithersError, toErrorRecord } from "../../errors/index.ts";
import { fromJson, misreadIssues, type Workflow } from "../../jsx/index.ts";
import { encodeInTurns, type NewEvent, noRunWake, plainIssues, type Run, summary } from "../../model/index.ts";
import type { ContinuePoint } from "../../plan/index.ts";
import { newRunId } from "../../runtime/index.ts";
import type { Successor } from "../../store/index.ts";
import { yieldToEventLoop } from "../../timing/index.ts";
import type { RunRequest } from "../options.ts";
import type { WorkflowSource } from "../source.ts";

/** The first lease number of a run is below this, to keep all later ones exact in a JavaScript number. */
const firstLeaseNos = 2 ** 47;

/** The row of a new run that `owner` executes. */
export function newRun(
  request: RunRequest & Omit<WorkflowSource, "workflow">,
  owner: string,
  input: unknown,
  nowMs: number,
): Run {
  return {
    runId: request.runId ?? newRunId(),
    home: null,
    workflowName: request.workflowName ?? "",
    workflowPath: request.workflowPath ?? null,
    workflowHash: request.workflowHash ?? null,
    status: "running",
    input,
    config: { ...request.config },
    createdAtMs: nowMs,
    startedAtMs: nowMs,
    finishedAtMs: null,
    heartbeatAtMs: nowMs,
    owner,
    // Random: of two starts with the same id, the refused one must not be able to write to the other's run.
    leaseNo: randomInt(1, firstLeaseNos),
    lastSeq: 0,
    frameNo: 0,
    inboxNo: 0,
    takenNo: 0,
    ...noRunWake,
    cancelRequestedAtMs: null,
    parentRunId: null,
    parentNodeId: null,
    parentIteration: null,
    continuedFrom: null,
    continuedAs: null,
    continuation: null,
    traceparent: request.traceparent ?? null,
    crashes: 0,
    reopened: 0,
    loops: {},
    outputNodeId: null,
    outputIteration: null,
    error: null,
    wakeFailure: null,
    queuedAtMs: null,
  };
}

/** A workflow that always continues at once would fill the database. */
const maxIdleRuns = 100;

/**
 * The run that continues another one, without an owner: any process that finds it may execute it.
 * @param point where the other run ends
 * @param isIdle whether the other run has finished no node
 * @throws RENDER_LOOP when nothing but such runs follow each other
 */
export function successorOf(run: Run, point: ContinuePoint, isIdle: boolean, nowMs: number): Successor {
  const idleRuns = isIdle ? (run.continuation?.idleRuns ?? 0) + 1 : 0;
  if (idleRuns > maxIdleRuns) {
    const message = `The workflow has continued as a new run ${maxIdleRuns} times in a row without finishing a node.`;
    throw new SmithersError("RENDER_LOOP", message);
  }
  const isLoop = "loop" in point;
  // A loop continues with what the previous run was given.
  const payload = isLoop ? run.continuation?.payload : point.payload;
  const { key, iteration } = isLoop ? point.loop : { key: "", iteration: 0 };
  const next: Run = {
    ...newRun({ input: null }, "", run.input, nowMs),
    ...pick(run, ["workflowName", "workflowPath", "workflowHash", "config", "traceparent"]),
    owner: null,
    heartbeatAtMs: null,
    // The run of a Subflow is continued for the same parent.
    parentRunId: run.parentNodeId === null ? run.runId : run.parentRunId,
    ...pick(run, ["parentNodeId", "parentIteration"]),
    continuedFrom: run.runId,
    continuation: {
      ...(payload !== undefined && { payload }),
      reason: isLoop ? "loop-threshold" : "explicit",
      ...(idleRuns > 0 && { idleRuns }),
    },
    ...(isLoop && {
      loops: { ...run.loops, [key]: iteration + 1 },
      ...pick(run, ["outputNodeId", "outputIteration"]),
    }),
  };
  return { run: next, events: [startEvent(next)], carriesOn: isLoop };
}

/** The first event of a run. */
export function startEvent({ workflowName }: Run): NewEvent {
  return { type: "RunStarted", ...(workflowName !== "" && { workflowName }) };
}

function pick<T, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>;
}

const longInput = 65_536;

/**
 * Validates a run's input with the workflow's `input` schema, and returns it as it is stored, with defaults.
 * @throws INVALID_INPUT with the Zod issues
 */
export async function toInput(workflow: Workflow, given: unknown): Promise<unknown> {
  const { input } = workflow.registry;
  const schema = input?.schema;
  const value = given ?? {};
  const parsed = input ? await parseInput(fromJson(input).schema, value) : { success: true as const, data: value };
  const misread = parsed.success && schema ? await misreadIssues(schema, parsed.data) : undefined;
  if (!parsed.success || misread) {
    const issues = misread ?? plainIssues(parsed.error!);
    throw new SmithersError("INVALID_INPUT", `The input does not fit: ${summary(issues)}.`, {
      details: { issues },
    });
  }
  const text = await encodeInTurns(parsed.data, (reason, path, cause) => {
    const issues = [{ path, message: reason, code: "custom" }];
    return new SmithersError("INVALID_INPUT", `The input cannot be stored as JSON: ${reason}.`, {
      details: { issues },
      cause,
    });
  });
  // Other requests get a turn.
  if (text.length > longInput) await yieldToEventLoop();
  return JSON.parse(text);
}

async function parseInput(schema: z.ZodType, value: unknown): Promise<z.ZodSafeParseResult<unknown>> {
  try {
    return await schema.safeParseAsync(value);
  } catch (thrown) {
    const { message, details } = toErrorRecord(thrown);
    throw new SmithersError(
      "INVALID_INPUT",
      `The workflow's input schema threw an error: ${message.replace(/\.$/, "")}.`,
      {
        details: { issues: [{ path: [], message, code: "custom" }], thrown: details },
        cause: thrown,
      },
    );
  }
}
