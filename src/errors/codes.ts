/** One row per error code: its HTTP status, and what a person can do about it. */
export const errorCodes = {
  INVALID_REQUEST: { status: 400, advice: "Correct the field that details names, and send the request again." },
  INVALID_JSON: { status: 400, advice: "Send a body that is valid JSON." },
  INVALID_INPUT: { status: 400, advice: "Make the data match the schema; details.issues lists the mismatches." },
  RUN_ID_REQUIRED: { status: 400, advice: "Give the id of the run to resume as runId." },
  WORKFLOW_NOT_ALLOWED: { status: 403, advice: "" },
  WORKFLOW_PATH_OUTSIDE_ROOT: { status: 400, advice: "Use a workflow file inside the server's rootDir." },
  WORKFLOW_INVALID: { status: 400, advice: "Fix the workflow file at the place that details gives." },
  DB_NOT_CONFIGURED: { status: 400, advice: "Start the server with the db option." },
  UNAUTHORIZED: { status: 401, advice: "Send Authorization: Bearer <token> or x-smithers-key: <token>." },
  FORBIDDEN: {
    status: 403,
    advice: "Set authToken, or name the host in allowedHosts and the page's origin in allowedOrigins.",
  },
  RUN_NOT_FOUND: { status: 404, advice: "GET /v1/runs lists the runs." },
  NODE_NOT_FOUND: { status: 404, advice: "GET /v1/runs/:runId/nodes lists the run's nodes." },
  WORKFLOW_NOT_FOUND: { status: 404, advice: "Give the path of a workflow file, relative to rootDir." },
  NOT_FOUND: { status: 404, advice: "Check the path." },
  METHOD_NOT_ALLOWED: { status: 405, advice: "Use one of the methods in the Allow header." },
  REQUEST_TIMEOUT: {
    status: 408,
    advice: "Send the request faster; headersTimeout and requestTimeout set the limits.",
  },
  RUN_ALREADY_EXISTS: { status: 409, advice: "Use another runId, or set resume: true to continue that run." },
  RUN_IN_PROGRESS: { status: 409, advice: "Wait for the run to end, or cancel it." },
  RUN_NOT_ACTIVE: { status: 409, advice: "The run cannot continue; start a new one." },
  NODE_NOT_WAITING: { status: 409, advice: "GET /v1/approvals lists the pending decisions." },
  NODE_NOT_FAILED: {
    status: 409,
    advice: "Only a failed node can be retried; a finished one is never executed again.",
  },
  PAYLOAD_TOO_LARGE: { status: 413, advice: "Send a smaller body, or raise maxBodyBytes." },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    advice: "This key has already started a run with a different body; use a new key.",
  },
  HEADERS_TOO_LARGE: { status: 431, advice: "Send fewer or smaller headers." },
  SERVER_ERROR: { status: 500, advice: "Search the server's log for the request id." },
  SERVER_CLOSING: { status: 503, advice: "Send the request again in a moment; the next server will answer it." },

  INVALID_OPTIONS: { status: 500, advice: "Correct the option that the message names." },
  INVALID_WORKFLOW: { status: 400, advice: "Fix the workflow's tree." },
  DUPLICATE_ID: { status: 400, advice: "Give each node of the tree an id of its own." },
  NODE_REDEFINED: {
    status: 400,
    advice: "Give the new node an id of its own, or restore the old one, then resume the run.",
  },
  RENDER_LOOP: {
    status: 400,
    advice: "Make the workflow's tree depend only on the run's state, and stop growing. Then resume the run.",
  },
  CIRCULAR_DEPENDENCY: { status: 400, advice: "Remove one of the dependencies that form the cycle." },
  DEPENDENCY_UNMET: { status: 400, advice: "Mount the node that the task depends on, or remove the dependency." },
  RENDER_FAILED: { status: 400, advice: "Fix the error that the workflow's code threw while it was rendered." },
  INVALID_OUTPUT: {
    status: 400,
    advice: "Return a value that matches the output's schema; details.issues lists the mismatches.",
  },
  OUTPUT_TOO_LARGE: { status: 400, advice: "Store large results in a file and return its path." },
  STORED_VALUE_OUTDATED: {
    status: 400,
    advice:
      "Let the schema accept what is stored, for example with a default, or give the node a new id so that it runs again. Then resume the run.",
  },
  MISSING_OUTPUT: { status: 400, advice: "Read the output with outputMaybe, or depend on the node that produces it." },
  TASK_FAILED: { status: 500, advice: "Fix the cause of the task's error, then resume the run." },
  WORKTREE_FAILED: { status: 500, advice: "Fix what the message names, then resume the run." },
  TASK_TIMEOUT: { status: 500, advice: "Raise timeoutMs, or make the task faster." },
  TASK_HEARTBEAT_TIMEOUT: { status: 500, advice: "Call heartbeat() more often, or raise heartbeatTimeoutMs." },
  TASK_CANCELLED: { status: 500, advice: "The run was cancelled while the task ran." },
  ATTEMPT_LOST: {
    status: 500,
    advice: "The process died each time it executed this task; find out what kills it, then resume the run.",
  },
  CRASH_LOOP: {
    status: 500,
    advice: "The process died each time it continued the run; find out what kills it, then resume the run.",
  },
  WORKER_LOST: {
    status: 503,
    advice: "Find out what blocks or ends the worker process, then resume the run.",
  },
  AGENT_FAILED: { status: 500, advice: "Look at the agents' errors in details, then resume the run." },
  QUOTA_EXCEEDED: {
    status: 500,
    advice:
      "Wait until the provider's limit is reset, raise it, or give the task a further agent. Then resume the run.",
  },
  BUDGET_EXCEEDED: {
    status: 500,
    advice: "Raise the budget of <Aspects>, or set its onExceeded to warn. Then resume the run.",
  },
  LOOP_MAX_REACHED: { status: 500, advice: "Raise maxIterations, or set onMaxReached to return-last." },
  APPROVAL_DENIED: {
    status: 500,
    advice: "Set onDeny to continue or skip if a denial should not fail the run.",
  },
  APPROVAL_TIMEOUT: { status: 500, advice: "Raise timeoutMs, or decide sooner." },
  WAIT_TIMEOUT: { status: 500, advice: "Raise timeoutMs, or set onTimeout to skip or continue." },
  LEASE_LOST: { status: 409, advice: "Read the run's state from the database." },

  INVALID_USAGE: {
    status: 400,
    advice: "smithers --help lists the commands, smithers <command> --help their options.",
  },
  ADDRESS_UNAVAILABLE: { status: 503, advice: "Choose another port, or 0 to pick a free one." },
  CONNECTION_FAILED: { status: 503, advice: "Check the address, and that the server is running." },

  FILE_UNAVAILABLE: {
    status: 503,
    advice: "Make the folder writable for the server's user, or remove what has the file's name.",
  },

  DB_NOT_FOUND: { status: 404, advice: "Name the database with --db, or a running server with --url." },
  DB_NOT_TRUSTED: { status: 409, advice: "If it is yours, say so: smithers trust <file>" },
  CLOCK_JUMPED: { status: 409, advice: "Correct the system's clock, or pass --force." },
  DB_BUSY: {
    status: 503,
    advice: "Another process holds the database's write lock; try again, and look for a long transaction.",
  },
  DB_READ_ONLY: { status: 503, advice: "Make the database file and its folder writable." },
  DB_FULL: { status: 503, advice: "Free disk space; the runs then continue, or can be resumed." },
  DB_CORRUPT: { status: 503, advice: "Restore the database from a backup." },
  DB_NOT_A_DATABASE: { status: 503, advice: "Name a SQLite file, or one that does not exist yet." },
  DB_OF_PUBLISHED_PACKAGE: {
    status: 503,
    advice: "Name another file, with the option db or with --db; docs/migrating.md says more.",
  },
  DB_TOO_NEW: { status: 503, advice: "Upgrade smithers-orchestrator, or use another database file." },
  DB_UNAVAILABLE: { status: 503, advice: "Check that the database's folder exists and is writable." },

  TOOL_PATH_ESCAPE: { status: 400, advice: "Use another path inside the run's rootDir." },
  TOOL_COMMAND_FAILED: { status: 500, advice: "details has the exit code, stdout and stderr." },
  TOOL_SANDBOX_UNAVAILABLE: {
    status: 500,
    advice: "On Debian or Ubuntu: apt-get install bubblewrap util-linux, and allow user namespaces.",
  },
  TOOL_NOT_ALLOWED: { status: 403, advice: "Add the tool to the task's tools.allow, or do not call it." },
  TOOL_FILE_FAILED: { status: 400, advice: "Check the path; details.reason is the system's error." },
  TOOL_FILE_TOO_LARGE: { status: 400, advice: "Read a part of it: with offset and limit, with grep, or with bash." },
  TOOL_PATCH_REJECTED: { status: 400, advice: "Read the file again and make the patch from its current content." },
} as const satisfies Record<string, { status: number; advice: string }>;

export type ErrorCode = keyof typeof errorCodes;

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(errorCodes, value);
}
