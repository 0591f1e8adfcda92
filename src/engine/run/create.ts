import { randomInt } from "node:crypto";
import { SmithersError } from "../../errors/index.ts";
import type { Workflow } from "../../jsx/index.ts";
import { newRunId, plainIssues, type Run, summary } from "../../model/index.ts";
import type { StartRequest } from "../options.ts";

/** The first fencing token of a run is below this; the tokens after it stay whole numbers for JavaScript. */
const firstLeaseNos = 2 ** 47;

/** The row of a run that is started now, and executed by `owner`. */
export function newRun(request: StartRequest, owner: string, input: unknown, nowMs: number): Run {
  return {
    runId: request.runId ?? newRunId(),
    home: null,
    workflowName: request.workflowName,
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
    // Of two starts under one id the one that is refused must not be able to write to the other's run.
    leaseNo: randomInt(1, firstLeaseNos),
    lastSeq: 0,
    frameNo: 0,
    inboxNo: 0,
    takenNo: 0,
    wakeAtMs: null,
    cancelRequestedAtMs: null,
    parentRunId: null,
    traceparent: request.traceparent ?? null,
    crashes: 0,
    reopened: 0,
    loops: {},
    outputNodeId: null,
    outputIteration: null,
    error: null,
  };
}

/**
 * A run's input as it is stored: validated by the workflow's `input` schema, with its defaults.
 * @throws INVALID_INPUT with the Zod issues
 */
export async function toInput(workflow: Workflow, given: unknown): Promise<unknown> {
  const schema = workflow.registry.inputSchema;
  const value = given ?? {};
  const parsed = schema ? await schema.safeParseAsync(value) : { success: true as const, data: value };
  if (!parsed.success) {
    const issues = plainIssues(parsed.error);
    throw new SmithersError("INVALID_INPUT", `The input does not fit: ${summary(issues)}.`, { details: { issues } });
  }
  try {
    return JSON.parse(JSON.stringify(parsed.data));
  } catch (cause) {
    throw new SmithersError("INVALID_INPUT", "The input is not valid JSON.", { cause });
  }
}
