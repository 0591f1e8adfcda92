import type { Approval, Attempt, Node, Output, Run, Signal, ToolCall } from "../model/index.ts";
import { table } from "./columns.ts";

const runs = table<Run>(
  "_smithers_runs",
  [
    "runId",
    "home",
    "workflowName",
    "workflowPath",
    "workflowHash",
    "status",
    "input",
    "config",
    "createdAtMs",
    "startedAtMs",
    "finishedAtMs",
    "heartbeatAtMs",
    "owner",
    "leaseNo",
    "lastSeq",
    "frameNo",
    "inboxNo",
    "takenNo",
    "wakeAtMs",
    "wakeWallMs",
    "wakeSteadyMs",
    "wakeSteadyClock",
    "cancelRequestedAtMs",
    "parentRunId",
    "traceparent",
    "crashes",
    "reopened",
    "loops",
    "outputNodeId",
    "outputIteration",
    "error",
    "wakeFailure",
    "queuedAtMs",
    "parentNodeId",
    "parentIteration",
    "continuedFrom",
    "continuedAs",
    "continuation",
  ],
  { key: ["runId"], json: ["input", "config", "loops", "error", "wakeFailure", "continuation"], required: ["input"] },
);

const nodes = table<Node>(
  "_smithers_nodes",
  [
    "runId",
    "nodeId",
    "iteration",
    "kind",
    "state",
    "ordinal",
    "label",
    "loopId",
    "attempt",
    "failures",
    "lostAttempts",
    "startedAtMs",
    "finishedAtMs",
    "wakeAtMs",
    "wakeSteadyMs",
    "wakeSteadyClock",
    "awaits",
    "correlationId",
    "error",
  ],
  { key: ["runId", "nodeId", "iteration"], json: ["error"] },
);

const attempts = table<Attempt>(
  "_smithers_attempts",
  ["runId", "nodeId", "iteration", "attempt", "state", "startedAtMs", "finishedAtMs", "error", "stack"],
  { key: ["runId", "nodeId", "iteration", "attempt"], json: ["error"] },
);

const toolCalls = table<ToolCall>(
  "_smithers_tool_calls",
  [
    "runId",
    "nodeId",
    "iteration",
    "attempt",
    "callNo",
    "toolName",
    "idempotencyKey",
    "state",
    "startedAtMs",
    "finishedAtMs",
    "error",
    "arguments",
  ],
  { key: ["runId", "nodeId", "iteration", "attempt", "callNo"], json: ["error", "arguments"] },
);

/** `json` is stored in its encoded form, so the field is a plain value here. */
const outputs = table<Output>(
  "_smithers_outputs",
  ["runId", "nodeId", "iteration", "outputNo", "schemaKey", "schemaHash", "json"],
  { key: ["runId", "nodeId", "iteration"] },
);

const approvals = table<Approval>(
  "_smithers_approvals",
  [
    "runId",
    "nodeId",
    "iteration",
    "status",
    "mode",
    "label",
    "title",
    "summary",
    "metadata",
    "options",
    "requestedAtMs",
    "decidedAtMs",
    "decidedBy",
    "note",
    "selected",
    "ranked",
    "form",
    "asked",
    "refusal",
    "data",
    "onDeny",
  ],
  { key: ["runId", "nodeId", "iteration"], json: ["metadata", "options", "ranked", "form", "refusal", "data"] },
);

const signals = table<Signal>(
  "_smithers_signals",
  ["runId", "seq", "name", "correlationId", "data", "receivedAtMs", "receivedBy", "consumedBy", "consumedIteration"],
  { key: ["runId", "seq"], json: ["data"] },
);

/** The tables of the entities. */
export const tables = { runs, nodes, attempts, toolCalls, outputs, approvals, signals };
