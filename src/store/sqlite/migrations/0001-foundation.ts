/** Tables of the first release. Times are integer milliseconds since the epoch. */
export const foundation = `
CREATE TABLE _smithers_runs (
  run_id TEXT PRIMARY KEY,
  home TEXT,
  workflow_name TEXT NOT NULL,
  workflow_path TEXT,
  workflow_hash TEXT,
  status TEXT NOT NULL,
  input_json TEXT NOT NULL,
  config_json TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  started_at_ms INTEGER,
  finished_at_ms INTEGER,
  heartbeat_at_ms INTEGER,
  owner TEXT,
  lease_no INTEGER NOT NULL DEFAULT 0,
  last_seq INTEGER NOT NULL DEFAULT 0,
  frame_no INTEGER NOT NULL DEFAULT 0,
  inbox_no INTEGER NOT NULL DEFAULT 0,
  taken_no INTEGER NOT NULL DEFAULT 0,
  wake_at_ms INTEGER,
  cancel_requested_at_ms INTEGER,
  parent_run_id TEXT,
  traceparent TEXT,
  crashes INTEGER NOT NULL DEFAULT 0,
  reopened INTEGER NOT NULL DEFAULT 0,
  loops_json TEXT NOT NULL DEFAULT '{}',
  output_node_id TEXT,
  output_iteration INTEGER,
  error_json TEXT
) STRICT;
CREATE INDEX _smithers_runs_newest ON _smithers_runs (created_at_ms DESC, run_id DESC);
CREATE INDEX _smithers_runs_by_status ON _smithers_runs (status, created_at_ms DESC, run_id DESC);
CREATE INDEX _smithers_runs_by_workflow ON _smithers_runs (workflow_name, created_at_ms DESC, run_id DESC);
CREATE INDEX _smithers_runs_by_workflow_and_status
  ON _smithers_runs (workflow_name, status, created_at_ms DESC, run_id DESC);
CREATE INDEX _smithers_runs_with_work ON _smithers_runs (run_id) WHERE inbox_no > taken_no;
CREATE INDEX _smithers_runs_owned ON _smithers_runs (owner) WHERE owner IS NOT NULL;
CREATE INDEX _smithers_runs_ended ON _smithers_runs (finished_at_ms) WHERE finished_at_ms IS NOT NULL;
CREATE INDEX _smithers_runs_unfinished ON _smithers_runs (status) WHERE finished_at_ms IS NULL AND home IS NULL;
CREATE INDEX _smithers_runs_due ON _smithers_runs (wake_at_ms) WHERE wake_at_ms IS NOT NULL;

CREATE TABLE _smithers_nodes (
  run_id TEXT NOT NULL REFERENCES _smithers_runs (run_id) ON DELETE CASCADE,
  node_id TEXT NOT NULL,
  iteration INTEGER NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  label TEXT,
  loop_id TEXT,
  attempt INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  losses INTEGER NOT NULL,
  started_at_ms INTEGER,
  finished_at_ms INTEGER,
  wake_at_ms INTEGER,
  awaits TEXT,
  correlation_id TEXT,
  error_json TEXT,
  PRIMARY KEY (run_id, node_id, iteration)
) STRICT, WITHOUT ROWID;

CREATE INDEX _smithers_nodes_waiting ON _smithers_nodes (run_id, started_at_ms)
  WHERE state IN ('waiting-approval', 'waiting-event', 'waiting-timer');
CREATE INDEX _smithers_nodes_troubled ON _smithers_nodes (run_id)
  WHERE failures + losses > 0 AND state IN ('pending', 'in-progress');

CREATE TABLE _smithers_attempts (
  run_id TEXT NOT NULL REFERENCES _smithers_runs (run_id) ON DELETE CASCADE,
  node_id TEXT NOT NULL,
  iteration INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  state TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  finished_at_ms INTEGER,
  error_json TEXT,
  PRIMARY KEY (run_id, node_id, iteration, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE _smithers_outputs (
  run_id TEXT NOT NULL REFERENCES _smithers_runs (run_id) ON DELETE CASCADE,
  node_id TEXT NOT NULL,
  iteration INTEGER NOT NULL,
  output_no INTEGER NOT NULL,
  schema_key TEXT NOT NULL,
  schema_hash TEXT NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (run_id, node_id, iteration)
) STRICT, WITHOUT ROWID;

CREATE TABLE _smithers_schemas (
  schema_key TEXT NOT NULL,
  schema_hash TEXT NOT NULL,
  columns_json TEXT NOT NULL,
  PRIMARY KEY (schema_key, schema_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE _smithers_events (
  run_id TEXT NOT NULL REFERENCES _smithers_runs (run_id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  type TEXT NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE _smithers_trees (
  tree_no INTEGER PRIMARY KEY,
  xml_hash TEXT NOT NULL,
  -- The tree that this one is a difference of; NULL when it is whole.
  base_no INTEGER,
  json TEXT NOT NULL
) STRICT;

-- Apart from the trees, which may be large: a frame rewrites its count.
CREATE TABLE _smithers_tree_uses (
  tree_no INTEGER PRIMARY KEY,
  tree_hash TEXT NOT NULL UNIQUE,
  depth INTEGER NOT NULL,
  uses INTEGER NOT NULL
) STRICT;

CREATE TABLE _smithers_frames (
  run_id TEXT NOT NULL REFERENCES _smithers_runs (run_id) ON DELETE CASCADE,
  frame_no INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  tree_no INTEGER NOT NULL,
  PRIMARY KEY (run_id, frame_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE _smithers_approvals (
  run_id TEXT NOT NULL REFERENCES _smithers_runs (run_id) ON DELETE CASCADE,
  node_id TEXT NOT NULL,
  iteration INTEGER NOT NULL,
  status TEXT NOT NULL,
  mode TEXT NOT NULL,
  label TEXT,
  title TEXT,
  summary TEXT,
  metadata_json TEXT,
  options_json TEXT,
  requested_at_ms INTEGER NOT NULL,
  decided_at_ms INTEGER,
  decided_by TEXT,
  note TEXT,
  selected TEXT,
  ranked_json TEXT,
  PRIMARY KEY (run_id, node_id, iteration)
) STRICT, WITHOUT ROWID;
CREATE INDEX _smithers_approvals_pending ON _smithers_approvals (requested_at_ms) WHERE status = 'requested';

CREATE TABLE _smithers_signals (
  run_id TEXT NOT NULL REFERENCES _smithers_runs (run_id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  name TEXT NOT NULL,
  correlation_id TEXT,
  data_json TEXT,
  received_at_ms INTEGER NOT NULL,
  received_by TEXT,
  consumed_by TEXT,
  consumed_iteration INTEGER,
  PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE _smithers_timers (
  run_id TEXT NOT NULL REFERENCES _smithers_runs (run_id) ON DELETE CASCADE,
  node_id TEXT NOT NULL,
  iteration INTEGER NOT NULL,
  fires_at_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (run_id, node_id, iteration)
) STRICT, WITHOUT ROWID;

CREATE TABLE _smithers_tool_calls (
  run_id TEXT NOT NULL REFERENCES _smithers_runs (run_id) ON DELETE CASCADE,
  node_id TEXT NOT NULL,
  iteration INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  call_no INTEGER NOT NULL,
  tool_name TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  state TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  finished_at_ms INTEGER,
  error_json TEXT,
  PRIMARY KEY (run_id, node_id, iteration, attempt, call_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE _smithers_idempotency (
  key TEXT PRIMARY KEY,
  body_hash TEXT NOT NULL,
  run_id TEXT NOT NULL REFERENCES _smithers_runs (run_id) ON DELETE CASCADE,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX _smithers_idempotency_by_age ON _smithers_idempotency (created_at_ms);
CREATE INDEX _smithers_idempotency_by_run ON _smithers_idempotency (run_id);

CREATE TABLE _smithers_databases (
  path TEXT PRIMARY KEY,
  added_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE _smithers_cache (
  cache_key TEXT PRIMARY KEY,
  json TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX _smithers_cache_by_age ON _smithers_cache (created_at_ms);
`;
