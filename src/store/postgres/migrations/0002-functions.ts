/**
 * The writes, as functions: what one turn of the event loop writes is one statement. A release of the package calls the
 * functions that it was made with, also after a later one has migrated the database: change a function only in such a
 * way that its callers need not know, and add another one otherwise.
 *
 * A function takes its plans at its first call, perhaps while the tables are empty: without the ban on sequential scans
 * it would keep them until the tables are analyzed. Every statement of these functions has an index.
 */
export const postgresFunctions = `
-- Appends events, each a type and its JSON, with numbers up to the given one.
CREATE FUNCTION _smithers_append(p_run_id text, p_last_seq bigint, p_events jsonb) RETURNS bigint
LANGUAGE plpgsql AS $fn$
BEGIN
  INSERT INTO _smithers_events (run_id, seq, type, json)
  SELECT p_run_id, p_last_seq - jsonb_array_length(p_events) + e.no, e.value ->> 0, e.value ->> 1
  FROM jsonb_array_elements(p_events) WITH ORDINALITY AS e (value, no);
  RETURN p_last_seq;
END;
$fn$;

-- Records a run. With a key that a request has used, answers with that request instead.
CREATE FUNCTION _smithers_start(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
  v_run_id text := p #>> '{run,run_id}';
  v_idem jsonb := p -> 'idempotency';
  v_known text;
  v_done bigint;
BEGIN
  IF v_idem IS NOT NULL THEN
    DELETE FROM _smithers_idempotency WHERE created_at_ms < (v_idem ->> 'since')::bigint;
    -- Waits for a transaction that has inserted the same key.
    INSERT INTO _smithers_idempotency (key, body_hash, run_id, created_at_ms)
    VALUES (v_idem ->> 'key', v_idem ->> 'bodyHash', v_run_id, (p #>> '{run,created_at_ms}')::bigint)
    ON CONFLICT (key) DO NOTHING;
    IF NOT FOUND THEN
      SELECT json_build_object('runId', i.run_id, 'bodyHash', i.body_hash, 'createdAtMs', i.created_at_ms)::text
      INTO v_known FROM _smithers_idempotency i WHERE i.key = v_idem ->> 'key';
      RETURN coalesce(v_known, '"again"');
    END IF;
  END IF;
  INSERT INTO _smithers_runs SELECT * FROM jsonb_populate_record(NULL::_smithers_runs, p -> 'run')
  ON CONFLICT (run_id) DO NOTHING;
  IF NOT FOUND THEN
    IF v_idem IS NOT NULL THEN DELETE FROM _smithers_idempotency WHERE key = v_idem ->> 'key'; END IF;
    RETURN '"exists"';
  END IF;
  v_done := _smithers_append(v_run_id, jsonb_array_length(p -> 'events'), p -> 'events');
  RETURN '"started"';
END;
$fn$;

-- Stores a tree once for all frames that show it, and returns its number.
CREATE FUNCTION _smithers_keep_tree(p jsonb) RETURNS bigint LANGUAGE plpgsql AS $fn$
DECLARE
  v_no bigint;
  v_base_no bigint;
  v_depth bigint := 0;
BEGIN
  SELECT tree_no INTO v_no FROM _smithers_trees WHERE tree_hash = p ->> 'hash';
  IF FOUND THEN RETURN v_no; END IF;
  IF p ? 'base' THEN
    SELECT tree_no, depth + 1 INTO v_base_no, v_depth FROM _smithers_trees
    WHERE tree_hash = p ->> 'base' AND depth < (p ->> 'maxDepth')::bigint;
  END IF;
  IF NOT p ? 'json' OR (p ? 'base' AND v_base_no IS NULL) THEN
    RAISE EXCEPTION 'the tree is not known' USING ERRCODE = 'SM001';
  END IF;
  INSERT INTO _smithers_trees (tree_hash, xml_hash, base_no, depth, json)
  VALUES (p ->> 'hash', p ->> 'xmlHash', v_base_no, v_depth, p ->> 'json')
  ON CONFLICT (tree_hash) DO NOTHING RETURNING tree_no INTO v_no;
  IF v_no IS NULL THEN SELECT tree_no INTO v_no FROM _smithers_trees WHERE tree_hash = p ->> 'hash'; END IF;
  RETURN v_no;
END;
$fn$;

CREATE FUNCTION _smithers_put_nodes(p jsonb) RETURNS bigint LANGUAGE plpgsql AS $fn$
BEGIN
  INSERT INTO _smithers_nodes SELECT * FROM jsonb_populate_recordset(NULL::_smithers_nodes, p)
  ON CONFLICT (run_id, node_id, iteration) DO UPDATE SET
    kind = excluded.kind, state = excluded.state, ordinal = excluded.ordinal, label = excluded.label,
    loop_id = excluded.loop_id, attempt = excluded.attempt, failures = excluded.failures,
    lost_attempts = excluded.lost_attempts, started_at_ms = excluded.started_at_ms,
    finished_at_ms = excluded.finished_at_ms, wake_at_ms = excluded.wake_at_ms,
    wake_steady_ms = excluded.wake_steady_ms, wake_steady_clock = excluded.wake_steady_clock, awaits = excluded.awaits,
    correlation_id = excluded.correlation_id, error_json = excluded.error_json;
  RETURN jsonb_array_length(p);
END;
$fn$;

CREATE FUNCTION _smithers_put_approvals(p jsonb) RETURNS bigint LANGUAGE plpgsql AS $fn$
BEGIN
  INSERT INTO _smithers_approvals SELECT * FROM jsonb_populate_recordset(NULL::_smithers_approvals, p)
  ON CONFLICT (run_id, node_id, iteration) DO UPDATE SET
    status = excluded.status, mode = excluded.mode, label = excluded.label, title = excluded.title,
    summary = excluded.summary, metadata_json = excluded.metadata_json, options_json = excluded.options_json,
    requested_at_ms = excluded.requested_at_ms, decided_at_ms = excluded.decided_at_ms,
    decided_by = excluded.decided_by, note = excluded.note, selected = excluded.selected,
    ranked_json = excluded.ranked_json;
  RETURN jsonb_array_length(p);
END;
$fn$;

-- Writes all of a turn, fenced by its lease. Answers with the number of the run's last event.
CREATE FUNCTION _smithers_turn(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
  v_run_id text := p ->> 'runId';
  v_owner text := p ->> 'owner';
  v_lease_no bigint := (p ->> 'leaseNo')::bigint;
  v_now_ms bigint := (p ->> 'nowMs')::bigint;
  v_last_seq bigint;
  -- An assignment calls a function in less time than PERFORM.
  v_done bigint;
  v_one jsonb;
BEGIN
  UPDATE _smithers_runs r SET
    last_seq = r.last_seq + coalesce(jsonb_array_length(p -> 'events'), 0),
    owner = CASE WHEN p ? 'release' THEN NULL ELSE r.owner END,
    (status, started_at_ms, finished_at_ms, wake_at_ms, wake_wall_ms, wake_steady_ms, wake_steady_clock, taken_no,
      crashes, frame_no, loops_json, output_node_id, output_iteration, error_json, workflow_name, workflow_path,
      workflow_hash) = (
      SELECT n.status, n.started_at_ms, n.finished_at_ms, n.wake_at_ms, n.wake_wall_ms, n.wake_steady_ms,
        n.wake_steady_clock, n.taken_no, n.crashes, n.frame_no, n.loops_json, n.output_node_id, n.output_iteration,
        n.error_json, n.workflow_name, n.workflow_path, n.workflow_hash
      FROM jsonb_populate_record(r, p -> 'run') n)
  WHERE r.run_id = v_run_id AND r.lease_no = v_lease_no AND r.owner = v_owner
    AND (NOT p ? 'ends' OR r.cancel_requested_at_ms IS NULL)
  RETURNING r.last_seq INTO v_last_seq;
  IF NOT FOUND THEN
    PERFORM FROM _smithers_runs r WHERE r.run_id = v_run_id AND r.lease_no = v_lease_no AND r.owner = v_owner;
    RETURN CASE WHEN FOUND THEN '"cancel-pending"' ELSE '"lease-lost"' END;
  END IF;
  IF p ? 'nodes' THEN v_done := _smithers_put_nodes(p -> 'nodes'); END IF;
  IF p ? 'started' THEN
    INSERT INTO _smithers_attempts SELECT * FROM jsonb_populate_recordset(NULL::_smithers_attempts, p -> 'started');
  END IF;
  IF p ? 'endedCalls' THEN
    FOR v_one IN SELECT value FROM jsonb_array_elements(p -> 'endedCalls') LOOP
      UPDATE _smithers_tool_calls SET state = v_one ->> 4, finished_at_ms = (v_one ->> 5)::bigint, error_json = v_one ->> 6
      WHERE run_id = v_run_id AND node_id = v_one ->> 0 AND iteration = (v_one ->> 1)::bigint
        AND attempt = (v_one ->> 2)::bigint AND call_no = (v_one ->> 3)::bigint;
    END LOOP;
  END IF;
  IF p ? 'ended' THEN
    FOR v_one IN SELECT value FROM jsonb_array_elements(p -> 'ended') LOOP
      UPDATE _smithers_attempts SET state = v_one ->> 3, finished_at_ms = v_now_ms, error_json = v_one ->> 4,
        stack = v_one ->> 5
      WHERE run_id = v_run_id AND node_id = v_one ->> 0 AND iteration = (v_one ->> 1)::bigint
        AND attempt = (v_one ->> 2)::bigint;
      -- An attempt's running tool calls end with it.
      UPDATE _smithers_tool_calls SET finished_at_ms = v_now_ms,
        state = CASE WHEN v_one ->> 3 = 'finished' THEN 'cancelled' ELSE v_one ->> 3 END
      WHERE run_id = v_run_id AND node_id = v_one ->> 0 AND iteration = (v_one ->> 1)::bigint
        AND attempt = (v_one ->> 2)::bigint AND state = 'running';
    END LOOP;
  END IF;
  IF p ? 'outputs' THEN
    INSERT INTO _smithers_outputs SELECT * FROM jsonb_populate_recordset(NULL::_smithers_outputs, p -> 'outputs')
    ON CONFLICT (run_id, node_id, iteration) DO UPDATE SET output_no = excluded.output_no,
      schema_key = excluded.schema_key, schema_hash = excluded.schema_hash, json = excluded.json;
  END IF;
  IF p ? 'approvals' THEN v_done := _smithers_put_approvals(p -> 'approvals'); END IF;
  IF p ? 'closedApprovals' THEN
    -- A decision that was made meanwhile stands: only a pending approval can be withdrawn.
    FOR v_one IN SELECT value FROM jsonb_array_elements(p -> 'closedApprovals') LOOP
      UPDATE _smithers_approvals SET status = v_one ->> 2
      WHERE run_id = v_run_id AND node_id = v_one ->> 0 AND iteration = (v_one ->> 1)::bigint AND status = 'requested';
    END LOOP;
  END IF;
  IF p ? 'consumed' THEN
    FOR v_one IN SELECT value FROM jsonb_array_elements(p -> 'consumed') LOOP
      UPDATE _smithers_signals SET consumed_by = v_one ->> 1, consumed_iteration = (v_one ->> 2)::bigint
      WHERE run_id = v_run_id AND seq = (v_one ->> 0)::bigint;
    END LOOP;
  END IF;
  IF p ? 'timers' THEN
    INSERT INTO _smithers_timers (run_id, node_id, iteration, fires_at_ms, state)
    SELECT v_run_id, t ->> 0, (t ->> 1)::bigint, (t ->> 2)::bigint, t ->> 3 FROM jsonb_array_elements(p -> 'timers') t
    ON CONFLICT (run_id, node_id, iteration) DO UPDATE SET state = excluded.state, fires_at_ms = excluded.fires_at_ms;
  END IF;
  IF p ? 'cached' THEN
    INSERT INTO _smithers_cache (cache_key, json, created_at_ms)
    SELECT c ->> 0, c ->> 1, v_now_ms FROM jsonb_array_elements(p -> 'cached') c
    ON CONFLICT (cache_key) DO UPDATE SET json = excluded.json, created_at_ms = excluded.created_at_ms;
  END IF;
  IF p ? 'frame' THEN
    -- Trees that no frame shows are removed under the other mode of this lock.
    PERFORM pg_advisory_xact_lock_shared(hashtext('smithers trees'), hashtext(current_schema()));
    INSERT INTO _smithers_frames (run_id, frame_no, created_at_ms, tree_no)
    VALUES (v_run_id, (p #>> '{frame,no}')::bigint, v_now_ms, _smithers_keep_tree(p -> 'frame'));
  END IF;
  IF p ? 'events' THEN v_done := _smithers_append(v_run_id, v_last_seq, p -> 'events'); END IF;
  RETURN v_last_seq::text;
END;
$fn$;

CREATE FUNCTION _smithers_begin_tool_call(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
  v_call _smithers_tool_calls := jsonb_populate_record(NULL::_smithers_tool_calls, p -> 'call');
  v_last_seq bigint;
  v_replayed boolean;
BEGIN
  UPDATE _smithers_runs r SET last_seq = r.last_seq + 1
  WHERE r.run_id = v_call.run_id AND r.lease_no = (p ->> 'leaseNo')::bigint AND r.owner = p ->> 'owner'
  RETURNING r.last_seq INTO v_last_seq;
  IF NOT FOUND THEN RETURN '"lease-lost"'; END IF;
  v_replayed := p ? 'repeats' AND EXISTS (
    SELECT 1 FROM _smithers_tool_calls c
    WHERE c.run_id = v_call.run_id AND c.node_id = v_call.node_id AND c.iteration = v_call.iteration
      AND c.attempt < v_call.attempt AND c.idempotency_key = v_call.idempotency_key);
  INSERT INTO _smithers_tool_calls SELECT v_call.*;
  PERFORM _smithers_append(v_call.run_id, v_last_seq, jsonb_build_array(p -> CASE WHEN v_replayed THEN 'replay' ELSE 'event' END));
  RETURN json_build_array(v_last_seq, v_replayed)::text;
END;
$fn$;

-- Adds events to a run's log, and marks that there is something for the run to take in.
CREATE FUNCTION _smithers_append_to_inbox(p_run_id text, p_events jsonb) RETURNS bigint LANGUAGE plpgsql AS $fn$
DECLARE
  v_last_seq bigint;
BEGIN
  UPDATE _smithers_runs SET last_seq = last_seq + jsonb_array_length(p_events), inbox_no = inbox_no + 1
  WHERE run_id = p_run_id RETURNING last_seq INTO v_last_seq;
  PERFORM _smithers_append(p_run_id, v_last_seq, p_events);
  RETURN v_last_seq;
END;
$fn$;

CREATE FUNCTION _smithers_take_lease(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
BEGIN
  UPDATE _smithers_runs SET owner = p ->> 'owner', lease_no = lease_no + 1, heartbeat_at_ms = (p ->> 'nowMs')::bigint,
    crashes = crashes + (owner IS NOT NULL)::int, wake_failure_json = NULL
  WHERE run_id = p ->> 'runId' AND lease_no = (p ->> 'leaseNo')::bigint AND finished_at_ms IS NULL;
  RETURN FOUND::text;
END;
$fn$;

-- Makes nodes pending again, with all of their retries.
CREATE FUNCTION _smithers_pending_again(p_run_id text, p_states text[]) RETURNS void LANGUAGE plpgsql AS $fn$
BEGIN
  UPDATE _smithers_nodes SET state = 'pending', failures = 0, lost_attempts = 0, wake_at_ms = NULL,
    wake_steady_ms = NULL, wake_steady_clock = NULL, finished_at_ms = NULL, error_json = NULL
  WHERE run_id = p_run_id AND state = ANY (p_states);
END;
$fn$;

CREATE FUNCTION _smithers_reopen(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
BEGIN
  UPDATE _smithers_runs SET status = 'running', finished_at_ms = NULL, error_json = NULL, reopened = reopened + 1,
    crashes = 0
  WHERE run_id = p ->> 'runId' AND lease_no = (p ->> 'leaseNo')::bigint AND status = 'failed';
  IF NOT FOUND THEN RETURN 'null'; END IF;
  PERFORM _smithers_take_lease(p);
  PERFORM _smithers_pending_again(p ->> 'runId', ARRAY['failed', 'cancelled']);
  RETURN _smithers_append_to_inbox(p ->> 'runId', p -> 'events')::text;
END;
$fn$;

CREATE FUNCTION _smithers_note_wake_failure(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
BEGIN
  -- The time of the first failure, which comes last, stays as long as the reason stays the same.
  UPDATE _smithers_runs SET wake_failure_json = p ->> 'json'
  WHERE run_id = p ->> 'runId' AND lease_no = (p ->> 'leaseNo')::bigint AND finished_at_ms IS NULL
    AND (wake_failure_json IS NULL OR NOT starts_with(wake_failure_json, p ->> 'reason'));
  RETURN 'null';
END;
$fn$;

-- Answers with the places of the leases that were lost.
CREATE FUNCTION _smithers_beat(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
  v_lost text;
BEGIN
  INSERT INTO _smithers_owners (owner, beat_at_ms)
  SELECT value, (p ->> 'nowMs')::bigint FROM jsonb_array_elements_text(p -> 'owners')
  ON CONFLICT (owner) DO UPDATE SET beat_at_ms = excluded.beat_at_ms;
  SELECT coalesce(json_agg(l.no - 1), '[]')::text INTO v_lost
  FROM jsonb_array_elements(p -> 'leases') WITH ORDINALITY AS l (value, no)
  WHERE NOT EXISTS (
    SELECT 1 FROM _smithers_runs r
    WHERE r.run_id = l.value ->> 0 AND r.lease_no = (l.value ->> 1)::bigint AND r.owner = l.value ->> 2);
  RETURN v_lost;
END;
$fn$;

CREATE FUNCTION _smithers_cancel(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
BEGIN
  UPDATE _smithers_runs SET cancel_requested_at_ms = coalesce(cancel_requested_at_ms, (p ->> 'nowMs')::bigint),
    inbox_no = inbox_no + 1
  WHERE run_id = p ->> 'runId' AND lease_no = (p ->> 'leaseNo')::bigint AND finished_at_ms IS NULL;
  RETURN FOUND::text;
END;
$fn$;

-- Records a decision if what it was judged by is still true.
CREATE FUNCTION _smithers_decide(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
  v_approval _smithers_approvals := jsonb_populate_record(NULL::_smithers_approvals, p -> 'approval');
BEGIN
  PERFORM FROM _smithers_runs
  WHERE run_id = v_approval.run_id AND finished_at_ms IS NULL AND cancel_requested_at_ms IS NULL FOR UPDATE;
  IF NOT FOUND THEN RETURN '"changed"'; END IF;
  PERFORM FROM _smithers_approvals a
  WHERE a.run_id = v_approval.run_id AND a.node_id = v_approval.node_id AND a.iteration = v_approval.iteration
    AND a.status = 'requested' AND a.requested_at_ms = v_approval.requested_at_ms;
  IF NOT FOUND THEN RETURN '"changed"'; END IF;
  PERFORM FROM _smithers_nodes n
  WHERE n.run_id = v_approval.run_id AND n.node_id = v_approval.node_id AND n.iteration = v_approval.iteration
    AND CASE WHEN n.wake_steady_clock = p ->> 'steadyClock' THEN n.wake_steady_ms <= (p ->> 'steadyMs')::float8
      ELSE n.wake_at_ms <= (p ->> 'nowMs')::bigint END;
  IF FOUND THEN RETURN '"changed"'; END IF;
  PERFORM _smithers_put_approvals(jsonb_build_array(p -> 'approval'));
  RETURN _smithers_append_to_inbox(v_approval.run_id, p -> 'events')::text;
END;
$fn$;

CREATE FUNCTION _smithers_receive_signal(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
  v_signal _smithers_signals := jsonb_populate_record(NULL::_smithers_signals, p -> 'signal');
BEGIN
  PERFORM FROM _smithers_runs
  WHERE run_id = v_signal.run_id AND status NOT IN ('finished', 'cancelled', 'continued')
    AND cancel_requested_at_ms IS NULL FOR UPDATE;
  IF NOT FOUND THEN RETURN '"changed"'; END IF;
  INSERT INTO _smithers_signals SELECT v_signal.*
  WHERE v_signal.seq = 1 + (SELECT coalesce(max(s.seq), 0) FROM _smithers_signals s WHERE s.run_id = v_signal.run_id);
  IF NOT FOUND THEN RETURN '"changed"'; END IF;
  RETURN _smithers_append_to_inbox(v_signal.run_id, p -> 'events')::text;
END;
$fn$;

CREATE FUNCTION _smithers_retry_node(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
  v_run_id text := p ->> 'runId';
BEGIN
  PERFORM FROM _smithers_runs
  WHERE run_id = v_run_id AND lease_no = (p ->> 'leaseNo')::bigint AND status = p ->> 'status' FOR UPDATE;
  IF NOT FOUND THEN RETURN '"changed"'; END IF;
  UPDATE _smithers_nodes SET state = 'pending', failures = 0, lost_attempts = 0, wake_at_ms = NULL,
    wake_steady_ms = NULL, wake_steady_clock = NULL, finished_at_ms = NULL, error_json = NULL
  WHERE run_id = v_run_id AND node_id = p ->> 'nodeId' AND iteration = (p ->> 'iteration')::bigint AND state = 'failed';
  IF NOT FOUND THEN RETURN '"changed"'; END IF;
  IF p ? 'reopens' THEN
    PERFORM _smithers_pending_again(v_run_id, ARRAY['cancelled']);
    UPDATE _smithers_runs SET status = 'running', finished_at_ms = NULL, error_json = NULL,
      heartbeat_at_ms = (p ->> 'nowMs')::bigint, reopened = reopened + 1, crashes = 0
    WHERE run_id = v_run_id;
  END IF;
  RETURN _smithers_append_to_inbox(v_run_id, p -> 'events')::text;
END;
$fn$;

-- Applies changes to the copy of a run. Events that it has already stay as they are.
CREATE FUNCTION _smithers_mirror(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
  v_run _smithers_runs := jsonb_populate_record(NULL::_smithers_runs, p -> 'run');
BEGIN
  INSERT INTO _smithers_runs SELECT v_run.*
  ON CONFLICT (run_id) DO UPDATE SET (home, workflow_name, workflow_path, workflow_hash, status, input_json,
    config_json, created_at_ms, started_at_ms, finished_at_ms, heartbeat_at_ms, owner, lease_no, last_seq, frame_no,
    inbox_no, taken_no, wake_at_ms, wake_wall_ms, wake_steady_ms, wake_steady_clock, cancel_requested_at_ms, parent_run_id, traceparent, crashes, reopened, loops_json,
    output_node_id, output_iteration, error_json, wake_failure_json) = (excluded.home, excluded.workflow_name,
    excluded.workflow_path, excluded.workflow_hash, excluded.status, excluded.input_json, excluded.config_json,
    excluded.created_at_ms, excluded.started_at_ms, excluded.finished_at_ms, excluded.heartbeat_at_ms, excluded.owner,
    excluded.lease_no, excluded.last_seq, excluded.frame_no, excluded.inbox_no, excluded.taken_no, excluded.wake_at_ms,
    excluded.wake_wall_ms, excluded.wake_steady_ms, excluded.wake_steady_clock,
    excluded.cancel_requested_at_ms, excluded.parent_run_id, excluded.traceparent, excluded.crashes, excluded.reopened,
    excluded.loops_json, excluded.output_node_id, excluded.output_iteration, excluded.error_json,
    excluded.wake_failure_json);
  PERFORM _smithers_put_nodes(p -> 'nodes');
  PERFORM _smithers_put_approvals(p -> 'approvals');
  INSERT INTO _smithers_events (run_id, seq, type, json)
  SELECT v_run.run_id, (e ->> 0)::bigint, e ->> 1, e ->> 2 FROM jsonb_array_elements(p -> 'events') e
  ON CONFLICT (run_id, seq) DO NOTHING;
  RETURN 'null';
END;
$fn$;

-- Applies the writes of one batch in order, once, however often it is sent. Answers with the writes' answers in JSON.
CREATE FUNCTION _smithers_write(p_writer text, p_batch_no bigint, p_now_ms bigint, p_writes text) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan = off AS $fn$
DECLARE
  v_known _smithers_writers;
  v_answers text[] := '{}';
  v_write jsonb;
  v_all text;
BEGIN
  -- Waits for a connection that broke while it was writing the same batch.
  SELECT * INTO v_known FROM _smithers_writers WHERE writer = p_writer FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO _smithers_writers VALUES (p_writer, 0, '', p_now_ms) ON CONFLICT (writer) DO NOTHING;
    SELECT * INTO v_known FROM _smithers_writers WHERE writer = p_writer FOR UPDATE;
  END IF;
  IF v_known.batch_no = p_batch_no THEN RETURN v_known.answers; END IF;
  IF v_known.batch_no > p_batch_no THEN RAISE EXCEPTION 'the batch is too old' USING ERRCODE = 'SM002'; END IF;
  FOR v_write IN SELECT value FROM jsonb_array_elements(p_writes::jsonb) LOOP
    v_answers := v_answers || CASE v_write ->> 'do'
      WHEN 'turn' THEN _smithers_turn(v_write)
      WHEN 'start' THEN _smithers_start(v_write)
      WHEN 'begin-tool-call' THEN _smithers_begin_tool_call(v_write)
      WHEN 'receive-signal' THEN _smithers_receive_signal(v_write)
      WHEN 'decide' THEN _smithers_decide(v_write)
      WHEN 'take-lease' THEN _smithers_take_lease(v_write)
      WHEN 'beat' THEN _smithers_beat(v_write)
      WHEN 'cancel' THEN _smithers_cancel(v_write)
      WHEN 'retry-node' THEN _smithers_retry_node(v_write)
      WHEN 'reopen' THEN _smithers_reopen(v_write)
      WHEN 'note-wake-failure' THEN _smithers_note_wake_failure(v_write)
      WHEN 'mirror' THEN _smithers_mirror(v_write)
      -- Changes nothing, to test whether the database accepts writes.
      WHEN 'probe' THEN 'null'
    END;
  END LOOP;
  v_all := '[' || array_to_string(v_answers, ',') || ']';
  UPDATE _smithers_writers SET batch_no = p_batch_no, answers = v_all, used_at_ms = p_now_ms WHERE writer = p_writer;
  RETURN v_all;
END;
$fn$;

-- Removes trees that no frame shows, and then those that only they built on.
CREATE FUNCTION _smithers_release_trees(p_trees bigint[]) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE
  v_trees bigint[] := p_trees;
BEGIN
  -- The other mode of this lock keeps a turn from showing a tree that is being removed.
  PERFORM pg_advisory_xact_lock(hashtext('smithers trees'), hashtext(current_schema()));
  WHILE v_trees IS NOT NULL AND cardinality(v_trees) > 0 LOOP
    WITH removed AS (
      DELETE FROM _smithers_trees t WHERE t.tree_no = ANY (v_trees)
        AND NOT EXISTS (SELECT 1 FROM _smithers_frames f WHERE f.tree_no = t.tree_no)
        AND NOT EXISTS (SELECT 1 FROM _smithers_trees b WHERE b.base_no = t.tree_no)
      RETURNING t.base_no)
    SELECT array_agg(DISTINCT base_no) INTO v_trees FROM removed WHERE base_no IS NOT NULL;
  END LOOP;
END;
$fn$;

-- Deletes some of the runs that ended before a time, oldest first. A run with very many rows takes several batches: its
-- oldest events go first, and its own row with the last batch.
CREATE FUNCTION _smithers_prune(p_before_ms bigint, p_max_runs bigint, p_max_rows bigint) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan = off AS $fn$
DECLARE
  v_run record;
  v_runs bigint := 0;
  v_seen bigint := 0;
  v_events bigint := 0;
  v_trees bigint[] := '{}';
  v_more bigint[];
  v_removed bigint;
  v_table text;
  v_key text;
BEGIN
  FOR v_run IN
    SELECT run_id, last_seq, status FROM _smithers_runs WHERE finished_at_ms < p_before_ms
    ORDER BY finished_at_ms LIMIT p_max_runs FOR UPDATE SKIP LOCKED
  LOOP
    v_seen := v_seen + 1;
    v_events := v_events + v_run.last_seq;
    IF v_events > p_max_rows THEN
      IF v_runs > 0 THEN
        PERFORM _smithers_release_trees(v_trees);
        RETURN json_build_object('runs', v_runs, 'hasMore', true)::text;
      END IF;
      -- A half-deleted run must not be resumed: it would execute finished tasks again.
      UPDATE _smithers_runs SET status = 'cancelled' WHERE run_id = v_run.run_id AND status = 'failed';
      FOR v_table, v_key IN
        SELECT * FROM (VALUES ('_smithers_events', 'seq'), ('_smithers_tool_calls', 'node_id, iteration, attempt, call_no'),
          ('_smithers_attempts', 'node_id, iteration, attempt'), ('_smithers_outputs', 'node_id, iteration'),
          ('_smithers_nodes', 'node_id, iteration'), ('_smithers_signals', 'seq')) AS large
      LOOP
        EXECUTE format('DELETE FROM %I WHERE ctid = ANY (ARRAY (SELECT ctid FROM %I WHERE run_id = $1 ORDER BY %s LIMIT $2))',
          v_table, v_table, v_key) USING v_run.run_id, p_max_rows;
        GET DIAGNOSTICS v_removed = ROW_COUNT;
        IF v_removed > 0 THEN RETURN json_build_object('runs', 0, 'hasMore', true)::text; END IF;
      END LOOP;
    END IF;
    DELETE FROM _smithers_runs WHERE run_id = v_run.run_id;
    DELETE FROM _smithers_events WHERE run_id = v_run.run_id;
    DELETE FROM _smithers_tool_calls WHERE run_id = v_run.run_id;
    DELETE FROM _smithers_attempts WHERE run_id = v_run.run_id;
    DELETE FROM _smithers_outputs WHERE run_id = v_run.run_id;
    DELETE FROM _smithers_nodes WHERE run_id = v_run.run_id;
    DELETE FROM _smithers_signals WHERE run_id = v_run.run_id;
    DELETE FROM _smithers_approvals WHERE run_id = v_run.run_id;
    DELETE FROM _smithers_timers WHERE run_id = v_run.run_id;
    DELETE FROM _smithers_idempotency WHERE run_id = v_run.run_id;
    WITH removed AS (DELETE FROM _smithers_frames WHERE run_id = v_run.run_id RETURNING tree_no)
    SELECT coalesce(array_agg(DISTINCT tree_no), '{}') INTO v_more FROM removed;
    v_trees := v_trees || v_more;
    v_runs := v_runs + 1;
  END LOOP;
  PERFORM _smithers_release_trees(v_trees);
  DELETE FROM _smithers_writers WHERE used_at_ms < p_before_ms AND used_at_ms < extract(epoch FROM now()) * 1000 - 604800000;
  DELETE FROM _smithers_owners o WHERE o.beat_at_ms < extract(epoch FROM now()) * 1000 - 604800000
    AND NOT EXISTS (SELECT 1 FROM _smithers_runs r WHERE r.owner = o.owner);
  RETURN json_build_object('runs', v_runs, 'hasMore', v_seen = p_max_runs)::text;
END;
$fn$;

-- JSON of an output as jsonb. What jsonb refuses, such as U+0000 in a text, reads as the replacement character.
CREATE FUNCTION _smithers_jsonb(p_json text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $fn$
BEGIN
  RETURN p_json::jsonb;
EXCEPTION WHEN others THEN
  RETURN regexp_replace(p_json, '\\\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\\\\ufffd', 'g')::jsonb;
END;
$fn$;

-- Records output schemas, and creates the view that makes "select * from <key>" read the outputs of a key. When workflows
-- use one key for different shapes, the view has the columns of all of them. An output without fields, such as a text or
-- a list, is in the column "value".
CREATE FUNCTION _smithers_register(p_schemas text) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT AS $fn$
DECLARE
  v_key text;
  v_new text[];
  v_columns text;
  v_view regclass;
BEGIN
  -- Serialises with other servers: each sees the shapes of those before.
  PERFORM pg_advisory_xact_lock(hashtext('smithers views'), hashtext(current_schema()));
  WITH added AS (
    INSERT INTO _smithers_schemas (schema_key, schema_hash, columns_json)
    SELECT DISTINCT ON (s ->> 0, s ->> 1) s ->> 0, s ->> 1, s ->> 2 FROM jsonb_array_elements(p_schemas::jsonb) s
    ON CONFLICT DO NOTHING RETURNING schema_key)
  SELECT array_agg(DISTINCT schema_key) INTO v_new FROM added;
  FOREACH v_key IN ARRAY coalesce(v_new, '{}') LOOP
    -- A name is at most 63 bytes long. A longer one, and U+0000, which is escaped, can still be read from the table.
    CONTINUE WHEN v_key = '' OR octet_length(v_key) > 63 OR v_key ~* '^(_smithers_|pg_)' OR strpos(v_key, chr(26)) > 0;
    v_view := to_regclass(quote_ident(current_schema()) || '.' || quote_ident(v_key));
    -- A user's own table or view keeps its name.
    CONTINUE WHEN v_view IS NOT NULL AND coalesce(obj_description(v_view, 'pg_class'), '') <> 'smithers outputs';
    WITH fields AS (
      SELECT f.name, min(s.schema_hash || lpad(f.no::text, 8, '0')) AS place
      FROM _smithers_schemas s, jsonb_array_elements_text(s.columns_json::jsonb) WITH ORDINALITY AS f (name, no)
      WHERE s.schema_key = v_key GROUP BY f.name),
    named AS (
      SELECT name, place, CASE WHEN name IN ('run_id', 'node_id', 'iteration') THEN 'output_' || name ELSE name END AS shown
      FROM fields WHERE name <> '' AND octet_length(name) <= 63 AND strpos(name, chr(26)) = 0),
    single AS (SELECT DISTINCT ON (shown) * FROM named ORDER BY shown, name = shown DESC)
    SELECT string_agg(format(', v.json ->> %L AS %I', name, shown), '' ORDER BY place) INTO v_columns
    FROM (SELECT * FROM single ORDER BY place LIMIT 1000) most;
    v_columns := coalesce(v_columns, '');
    IF EXISTS (SELECT 1 FROM _smithers_schemas WHERE schema_key = v_key AND columns_json = '[]')
      AND NOT EXISTS (
        SELECT 1 FROM _smithers_schemas s, jsonb_array_elements_text(s.columns_json::jsonb) f
        WHERE s.schema_key = v_key AND f = 'value')
    THEN
      v_columns := v_columns || ', v.json #>> ''{}'' AS value';
    END IF;
    BEGIN
      IF v_view IS NOT NULL THEN EXECUTE format('DROP VIEW %I', v_key); END IF;
      EXECUTE format('CREATE VIEW %I AS SELECT o.run_id, o.node_id, o.iteration%s FROM _smithers_outputs o, '
        'LATERAL (SELECT _smithers_jsonb(o.json) AS json OFFSET 0) v WHERE o.schema_key = %L', v_key, v_columns, v_key);
      EXECUTE format('COMMENT ON VIEW %I IS ''smithers outputs''', v_key);
    EXCEPTION WHEN dependent_objects_still_exist THEN
      -- A view of the user's builds on it: it keeps its columns.
      NULL;
    END;
  END LOOP;
  RETURN 'null';
END;
$fn$;
`;
