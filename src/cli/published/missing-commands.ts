/** Commands of the published package that this one does not have, and what to use instead. */
const instead: Readonly<Record<string, string>> = {
  agents: "Agents are values in a workflow file: see docs/workflows.md.",
  alerts: "Use the metrics of GET /metrics with an alert manager: see docs/observability.md.",
  ask: "Start a workflow with one task: smithers up.",
  chat: "Read what a run's agents have said with smithers logs.",
  cron: "Let the system's cron or a systemd timer call smithers up or POST /v1/runs.",
  diff: "Compare what smithers node prints of two attempts or runs.",
  down: "Cancel runs one by one with smithers cancel; smithers ps lists them.",
  fork: "Start another run with the same input: smithers up.",
  hijack: "Cancel the run with smithers cancel, or wait for it with smithers logs --follow.",
  human: "List what waits for people with smithers ps --status waiting-approval, and answer with smithers approve.",
  mcp: "Use the HTTP API of smithers server: see docs/http.md.",
  memory: "Keep what agents remember in a store of your own.",
  observability: "See docs/observability.md for metrics, traces and logs, and the Grafana dashboard in observability/.",
  openapi: "smithers server answers GET /openapi.json.",
  rag: "Search documents in a tool of your own: see docs/tools.md.",
  replay: "Start another run with the same input: smithers up.",
  "retry-task": "Retry a failed node with smithers retry.",
  revert: "Files are not versioned by runs; use git.",
  rewind: "Finished steps are never undone. Edit the workflow and continue with smithers resume: see docs/editing.md.",
  scores: "Measure outputs in a task of their own.",
  supervise: "smithers server takes over runs whose process has ended.",
  supervisor: "smithers server takes over runs whose process has ended.",
  timetravel: "Read earlier frames with smithers frames. Finished steps are never undone: see docs/editing.md.",
  tree: "smithers inspect shows a run's tree.",
  tui: "smithers up shows a live tree; smithers ps --watch follows all runs.",
  workflow: "smithers graph shows a workflow's plan, and smithers up runs it.",
};

/** What to use instead of a command of the published package; undefined when it has no such command either. */
export function insteadOf(command: string): string | undefined {
  return Object.hasOwn(instead, command) ? instead[command] : undefined;
}
