/**
 * Tables of the first release on Postgres: those of the SQLite databases. Times are integer milliseconds since the
 * epoch. JSON is text, as it was encoded: `jsonb` refuses the character U+0000 and loses how a number was written.
 * Texts compare by their bytes. There are no foreign keys: a write to a run locks the run's row first, and the row is
 * deleted before everything that belongs to it.
 */
export const postgresTables = `
CREATE TABLE _smithers_runs (
  run_id text COLLATE "C" PRIMARY KEY,
  home text COLLATE "C",
  workflow_name text COLLATE "C" NOT NULL,
  workflow_path text COLLATE "C",
  workflow_hash text COLLATE "C",
  status text COLLATE "C" NOT NULL,
  input_json text NOT NULL,
  config_json text NOT NULL,
  created_at_ms bigint NOT NULL,
  started_at_ms bigint,
  finished_at_ms bigint,
  heartbeat_at_ms bigint,
  owner text COLLATE "C",
  lease_no bigint NOT NULL,
  last_seq bigint NOT NULL,
  frame_no bigint NOT NULL,
  inbox_no bigint NOT NULL,
  taken_no bigint NOT NULL,
  wake_at_ms bigint,
  wake_wall_ms bigint,
  wake_steady_ms bigint,
  wake_steady_clock text COLLATE "C",
  cancel_requested_at_ms bigint,
  parent_run_id text COLLATE "C",
  traceparent text,
  crashes bigint NOT NULL,
  reopened bigint NOT NULL,
  loops_json text NOT NULL,
  output_node_id text COLLATE "C",
  output_iteration bigint,
  error_json text,
  wake_failure_json text
) WITH (fillfactor = 80);
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
CREATE INDEX _smithers_runs_due_by_date ON _smithers_runs (wake_wall_ms) WHERE wake_wall_ms IS NOT NULL;
CREATE INDEX _smithers_runs_due_by_duration ON _smithers_runs (wake_steady_clock, wake_steady_ms)
  WHERE wake_steady_ms IS NOT NULL;

-- The last heartbeat of each owner: one row instead of one update for each of its runs.
CREATE TABLE _smithers_owners (
  owner text COLLATE "C" PRIMARY KEY,
  beat_at_ms bigint NOT NULL,
  -- The advisory lock that its connection holds for as long as its server lives; NULL without one.
  lock_key bigint
) WITH (fillfactor = 50);

CREATE TABLE _smithers_nodes (
  run_id text COLLATE "C" NOT NULL,
  node_id text COLLATE "C" NOT NULL,
  iteration bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  ordinal bigint NOT NULL,
  label text,
  loop_id text COLLATE "C",
  attempt bigint NOT NULL,
  failures bigint NOT NULL,
  lost_attempts bigint NOT NULL,
  started_at_ms bigint,
  finished_at_ms bigint,
  wake_at_ms bigint,
  wake_steady_ms bigint,
  wake_steady_clock text COLLATE "C",
  awaits text COLLATE "C",
  correlation_id text COLLATE "C",
  error_json text,
  PRIMARY KEY (run_id, node_id, iteration)
) WITH (fillfactor = 80);
CREATE INDEX _smithers_nodes_waiting ON _smithers_nodes (run_id, started_at_ms)
  WHERE state IN ('waiting-approval', 'waiting-event', 'waiting-timer');
CREATE INDEX _smithers_nodes_troubled ON _smithers_nodes (run_id)
  WHERE failures + lost_attempts > 0 AND state IN ('pending', 'in-progress');

CREATE TABLE _smithers_attempts (
  run_id text COLLATE "C" NOT NULL,
  node_id text COLLATE "C" NOT NULL,
  iteration bigint NOT NULL,
  attempt bigint NOT NULL,
  state text COLLATE "C" NOT NULL,
  started_at_ms bigint NOT NULL,
  finished_at_ms bigint,
  error_json text,
  stack text,
  PRIMARY KEY (run_id, node_id, iteration, attempt)
) WITH (fillfactor = 80);

CREATE TABLE _smithers_outputs (
  run_id text COLLATE "C" NOT NULL,
  node_id text COLLATE "C" NOT NULL,
  iteration bigint NOT NULL,
  output_no bigint NOT NULL,
  schema_key text COLLATE "C" NOT NULL,
  schema_hash text COLLATE "C" NOT NULL,
  json text NOT NULL,
  PRIMARY KEY (run_id, node_id, iteration)
);

CREATE TABLE _smithers_schemas (
  schema_key text COLLATE "C" NOT NULL,
  schema_hash text COLLATE "C" NOT NULL,
  columns_json text NOT NULL,
  PRIMARY KEY (schema_key, schema_hash)
);

CREATE TABLE _smithers_events (
  run_id text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  type text COLLATE "C" NOT NULL,
  json text NOT NULL,
  PRIMARY KEY (run_id, seq)
);

CREATE TABLE _smithers_trees (
  tree_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tree_hash text COLLATE "C" NOT NULL UNIQUE,
  xml_hash text COLLATE "C" NOT NULL,
  -- The tree that this one is a difference of; NULL when it is whole.
  base_no bigint,
  depth bigint NOT NULL,
  json text NOT NULL
);
CREATE INDEX _smithers_trees_by_base ON _smithers_trees (base_no) WHERE base_no IS NOT NULL;

CREATE TABLE _smithers_frames (
  run_id text COLLATE "C" NOT NULL,
  frame_no bigint NOT NULL,
  created_at_ms bigint NOT NULL,
  tree_no bigint NOT NULL,
  PRIMARY KEY (run_id, frame_no)
);
CREATE INDEX _smithers_frames_by_tree ON _smithers_frames (tree_no);

CREATE TABLE _smithers_approvals (
  run_id text COLLATE "C" NOT NULL,
  node_id text COLLATE "C" NOT NULL,
  iteration bigint NOT NULL,
  status text COLLATE "C" NOT NULL,
  mode text COLLATE "C" NOT NULL,
  label text,
  title text,
  summary text,
  metadata_json text,
  options_json text,
  requested_at_ms bigint NOT NULL,
  decided_at_ms bigint,
  decided_by text,
  note text,
  selected text COLLATE "C",
  ranked_json text,
  PRIMARY KEY (run_id, node_id, iteration)
);
CREATE INDEX _smithers_approvals_pending ON _smithers_approvals (requested_at_ms, run_id, node_id, iteration)
  WHERE status = 'requested';

CREATE TABLE _smithers_signals (
  run_id text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  correlation_id text COLLATE "C",
  data_json text,
  received_at_ms bigint NOT NULL,
  received_by text,
  consumed_by text COLLATE "C",
  consumed_iteration bigint,
  PRIMARY KEY (run_id, seq)
);

CREATE TABLE _smithers_timers (
  run_id text COLLATE "C" NOT NULL,
  node_id text COLLATE "C" NOT NULL,
  iteration bigint NOT NULL,
  fires_at_ms bigint NOT NULL,
  state text COLLATE "C" NOT NULL,
  PRIMARY KEY (run_id, node_id, iteration)
);

CREATE TABLE _smithers_tool_calls (
  run_id text COLLATE "C" NOT NULL,
  node_id text COLLATE "C" NOT NULL,
  iteration bigint NOT NULL,
  attempt bigint NOT NULL,
  call_no bigint NOT NULL,
  tool_name text COLLATE "C" NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  started_at_ms bigint NOT NULL,
  finished_at_ms bigint,
  error_json text,
  PRIMARY KEY (run_id, node_id, iteration, attempt, call_no)
);

CREATE TABLE _smithers_idempotency (
  key text COLLATE "C" PRIMARY KEY,
  body_hash text COLLATE "C" NOT NULL,
  run_id text COLLATE "C" NOT NULL,
  created_at_ms bigint NOT NULL
);
CREATE INDEX _smithers_idempotency_by_age ON _smithers_idempotency (created_at_ms);
CREATE INDEX _smithers_idempotency_by_run ON _smithers_idempotency (run_id);

CREATE TABLE _smithers_databases (
  path text COLLATE "C" PRIMARY KEY,
  added_at_ms bigint NOT NULL,
  database_id text COLLATE "C",
  file_key text COLLATE "C",
  main_file_key text COLLATE "C"
);

CREATE TABLE _smithers_cache (
  cache_key text COLLATE "C" PRIMARY KEY,
  json text NOT NULL,
  created_at_ms bigint NOT NULL
);
CREATE INDEX _smithers_cache_by_age ON _smithers_cache (created_at_ms);

-- The last batch of each writer and its answers. A writer whose connection broke learns here whether it was committed.
CREATE TABLE _smithers_writers (
  writer text COLLATE "C" PRIMARY KEY,
  batch_no bigint NOT NULL,
  answers text NOT NULL,
  used_at_ms bigint NOT NULL
) WITH (fillfactor = 50);

-- One row: an identity that nobody can guess.
CREATE TABLE _smithers_identity (database_id text COLLATE "C" NOT NULL);
INSERT INTO _smithers_identity VALUES (replace(gen_random_uuid()::text, '-', ''));
`;
