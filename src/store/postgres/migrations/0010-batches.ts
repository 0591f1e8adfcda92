/**
 * Writes a batch with one statement for each table, instead of several for each of its runs: a turn of a small run costs
 * half as much. The functions of single turns stay for servers of earlier releases.
 *
 * Without the ban on the other joins, a plan that was made while the tables were empty would read a whole index.
 */
export const postgresBatches = `
-- Writes what few turns have.
CREATE FUNCTION _smithers_turn_rest(p jsonb) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE
  v_run_id text := p ->> 'runId';
  v_now_ms bigint := (p ->> 'nowMs')::bigint;
  v_done bigint;
  v_one jsonb;
BEGIN
  IF p ? 'endedCalls' THEN
    FOR v_one IN SELECT value FROM jsonb_array_elements(p -> 'endedCalls') LOOP
      UPDATE _smithers_tool_calls SET state = v_one ->> 4, finished_at_ms = (v_one ->> 5)::bigint, error_json = v_one ->> 6
      WHERE run_id = v_run_id AND node_id = v_one ->> 0 AND iteration = (v_one ->> 1)::bigint
        AND attempt = (v_one ->> 2)::bigint AND call_no = (v_one ->> 3)::bigint;
    END LOOP;
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
  IF p ? 'successor' THEN v_done := _smithers_continue(v_run_id, p -> 'successor'); END IF;
  -- First: a subflow that has timed out may run again at once, in another run.
  IF p ? 'unwantedChildren' THEN
    FOR v_one IN SELECT value FROM jsonb_array_elements(p -> 'unwantedChildren') LOOP
      UPDATE _smithers_runs SET cancel_requested_at_ms = v_now_ms, inbox_no = inbox_no + 1
      WHERE parent_run_id = v_run_id AND parent_node_id = v_one ->> 0 AND parent_iteration = (v_one ->> 1)::bigint
        AND finished_at_ms IS NULL AND cancel_requested_at_ms IS NULL;
    END LOOP;
  END IF;
  IF p ? 'children' THEN
    FOR v_one IN SELECT value FROM jsonb_array_elements(p -> 'children') LOOP
      v_done := _smithers_start_child(v_one, v_now_ms);
    END LOOP;
  END IF;
  IF p ? 'toldRun' THEN
    UPDATE _smithers_runs SET inbox_no = inbox_no + 1 WHERE run_id = p ->> 'toldRun' AND finished_at_ms IS NULL;
  END IF;
END;
$fn$;

-- Applies a batch once, however often it is sent: first its single writes, in order, then the runs that start, then at
-- most one turn of each run. Answers with the ids of runs that exist already, the answers of the turns, and those of the
-- single writes.
CREATE FUNCTION _smithers_write_batch(p_writer text, p_batch_no bigint, p_now_ms bigint, p_batch text) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $fn$
DECLARE
  p jsonb;
  v_known _smithers_writers;
  v_write jsonb;
  v_no bigint;
  v_last_seq bigint;
  v_last_seqs bigint[];
  v_exist text[] := '{}';
  -- Runs whose start or turn was refused.
  v_refused text[] := '{}';
  v_turns text[] := '{}';
  v_singles text[] := '{}';
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
  p := p_batch::jsonb;

  IF p ? 'singles' THEN
    IF p ? 'turns' THEN
      -- All batches lock runs in the order of their ids, so that they wait for no circle.
      PERFORM FROM _smithers_runs
      WHERE run_id = ANY (ARRAY (SELECT jsonb_array_elements_text(p -> 'locks'))) ORDER BY run_id FOR UPDATE;
    END IF;
    FOR v_write IN SELECT value FROM jsonb_array_elements(p -> 'singles') LOOP
      v_singles := v_singles || CASE v_write ->> 'do'
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
  END IF;

  IF p ? 'runs' THEN
    WITH started AS (
      INSERT INTO _smithers_runs SELECT * FROM jsonb_populate_recordset(NULL::_smithers_runs, p -> 'runs')
      ON CONFLICT (run_id) DO NOTHING RETURNING run_id)
    SELECT coalesce(array_agg(r.value ->> 'run_id'), '{}') INTO v_exist FROM jsonb_array_elements(p -> 'runs') r
    WHERE r.value ->> 'run_id' NOT IN (SELECT run_id FROM started);
    v_refused := v_exist;
  END IF;

  IF p ? 'turns' THEN
    v_last_seqs := array_fill(NULL::bigint, ARRAY[jsonb_array_length(p -> 'turns')]);
    FOR v_no, v_last_seq IN
      UPDATE _smithers_runs r SET
        last_seq = r.last_seq + (t.value ->> 3)::bigint,
        owner = CASE WHEN t.value -> 5 ? 'release' THEN NULL ELSE r.owner END,
        (status, started_at_ms, finished_at_ms, wake_at_ms, wake_wall_ms, wake_steady_ms, wake_steady_clock, taken_no,
          crashes, frame_no, loops_json, output_node_id, output_iteration, error_json, workflow_name, workflow_path,
          workflow_hash, continued_as, queued_at_ms) = (
          SELECT n.status, n.started_at_ms, n.finished_at_ms, n.wake_at_ms, n.wake_wall_ms, n.wake_steady_ms,
            n.wake_steady_clock, n.taken_no, n.crashes, n.frame_no, n.loops_json, n.output_node_id, n.output_iteration,
            n.error_json, n.workflow_name, n.workflow_path, n.workflow_hash, n.continued_as, n.queued_at_ms
          FROM jsonb_populate_record(r, t.value -> 4) n)
      FROM jsonb_array_elements(p -> 'turns') WITH ORDINALITY AS t (value, no)
      WHERE r.run_id = t.value ->> 0 AND r.owner = t.value ->> 1 AND r.lease_no = (t.value ->> 2)::bigint
        AND (NOT t.value -> 5 ? 'ends' OR r.cancel_requested_at_ms IS NULL)
      RETURNING t.no, r.last_seq
    LOOP
      v_last_seqs[v_no] := v_last_seq;
    END LOOP;
    v_turns := v_last_seqs::text[];
    FOR v_no IN SELECT no FROM unnest(v_last_seqs) WITH ORDINALITY AS s (last_seq, no) WHERE last_seq IS NULL LOOP
      v_write := p -> 'turns' -> (v_no - 1)::int;
      PERFORM FROM _smithers_runs r
      WHERE r.run_id = v_write ->> 0 AND r.owner = v_write ->> 1 AND r.lease_no = (v_write ->> 2)::bigint;
      v_turns[v_no] := CASE WHEN FOUND THEN '"cancel-pending"' ELSE '"lease-lost"' END;
      v_refused := v_refused || (v_write ->> 0);
    END LOOP;
  END IF;

  IF p ? 'nodes' THEN
    INSERT INTO _smithers_nodes SELECT * FROM jsonb_populate_recordset(NULL::_smithers_nodes, p -> 'nodes')
    WHERE run_id <> ALL (v_refused)
    ON CONFLICT (run_id, node_id, iteration) DO UPDATE SET
      kind = excluded.kind, state = excluded.state, ordinal = excluded.ordinal, label = excluded.label,
      loop_id = excluded.loop_id, attempt = excluded.attempt, failures = excluded.failures,
      lost_attempts = excluded.lost_attempts, started_at_ms = excluded.started_at_ms,
      finished_at_ms = excluded.finished_at_ms, wake_at_ms = excluded.wake_at_ms,
      wake_steady_ms = excluded.wake_steady_ms, wake_steady_clock = excluded.wake_steady_clock, awaits = excluded.awaits,
      correlation_id = excluded.correlation_id, error_json = excluded.error_json;
  END IF;
  IF p ? 'startedAttempts' THEN
    INSERT INTO _smithers_attempts
    SELECT * FROM jsonb_populate_recordset(NULL::_smithers_attempts, p -> 'startedAttempts') WHERE run_id <> ALL (v_refused);
  END IF;
  IF p ? 'endedAttempts' THEN
    UPDATE _smithers_attempts a SET finished_at_ms = (e ->> 1)::bigint, state = e ->> 5, error_json = e ->> 6, stack = e ->> 7
    FROM jsonb_array_elements(p -> 'endedAttempts') e
    WHERE a.run_id = e ->> 0 AND a.node_id = e ->> 2 AND a.iteration = (e ->> 3)::bigint AND a.attempt = (e ->> 4)::bigint
      AND a.run_id <> ALL (v_refused);
    -- An attempt's running tool calls end with it.
    UPDATE _smithers_tool_calls c SET finished_at_ms = (e ->> 1)::bigint,
      state = CASE WHEN e ->> 5 = 'finished' THEN 'cancelled' ELSE e ->> 5 END
    FROM jsonb_array_elements(p -> 'endedAttempts') e
    WHERE c.run_id = e ->> 0 AND c.node_id = e ->> 2 AND c.iteration = (e ->> 3)::bigint AND c.attempt = (e ->> 4)::bigint
      AND c.state = 'running' AND c.run_id <> ALL (v_refused);
  END IF;
  IF p ? 'outputs' THEN
    INSERT INTO _smithers_outputs SELECT * FROM jsonb_populate_recordset(NULL::_smithers_outputs, p -> 'outputs')
    WHERE run_id <> ALL (v_refused)
    ON CONFLICT (run_id, node_id, iteration) DO UPDATE SET output_no = excluded.output_no,
      schema_key = excluded.schema_key, schema_hash = excluded.schema_hash, json = excluded.json;
  END IF;
  IF p ? 'frames' THEN
    -- Trees that no frame shows are removed under the other mode of this lock.
    PERFORM pg_advisory_xact_lock_shared(hashtext('smithers trees'), hashtext(current_schema()));
    INSERT INTO _smithers_frames (run_id, frame_no, created_at_ms, tree_no)
    SELECT f ->> 0, (f ->> 2)::bigint, (f ->> 1)::bigint, coalesce(
      (SELECT t.tree_no FROM _smithers_trees t WHERE t.tree_hash = f -> 3 ->> 'hash'), _smithers_keep_tree(f -> 3))
    FROM jsonb_array_elements(p -> 'frames') f WHERE f ->> 0 <> ALL (v_refused);
  END IF;
  IF p ? 'events' THEN
    -- A turn's events are numbered up to the last event of its run; those of a run that starts have their numbers.
    INSERT INTO _smithers_events (run_id, seq, type, json)
    SELECT e ->> 0, (e ->> 1)::bigint + coalesce(v_last_seqs[(e ->> 4)::int], 0), e ->> 2, e ->> 3
    FROM jsonb_array_elements(p -> 'events') e WHERE e ->> 0 <> ALL (v_refused);
  END IF;
  IF p ? 'rest' THEN
    FOR v_write IN SELECT value FROM jsonb_array_elements(p -> 'rest') WHERE value ->> 'runId' <> ALL (v_refused) LOOP
      PERFORM _smithers_turn_rest(v_write);
    END LOOP;
  END IF;

  v_all := '[' || to_jsonb(v_exist)::text || ',[' || array_to_string(v_turns, ',') || '],[' || array_to_string(v_singles, ',') || ']]';
  UPDATE _smithers_writers SET batch_no = p_batch_no, answers = v_all, used_at_ms = p_now_ms WHERE writer = p_writer;
  RETURN v_all;
END;
$fn$;
`;
