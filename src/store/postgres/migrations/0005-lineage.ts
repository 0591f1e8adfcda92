/**
 * Links a run to the Subflow that it is, and to the runs that it continues or that continue it. A turn may start and end
 * such runs; a release that knows nothing of them calls the same functions.
 */
export const postgresLineage = `
ALTER TABLE _smithers_runs ADD COLUMN parent_node_id text COLLATE "C";
ALTER TABLE _smithers_runs ADD COLUMN parent_iteration bigint;
ALTER TABLE _smithers_runs ADD COLUMN continued_from text COLLATE "C";
ALTER TABLE _smithers_runs ADD COLUMN continued_as text COLLATE "C";
ALTER TABLE _smithers_runs ADD COLUMN continuation_json text;
CREATE INDEX _smithers_runs_of_parent ON _smithers_runs (parent_run_id) WHERE parent_run_id IS NOT NULL;

-- Records the run that continues another one, with the signals that none of its waits has consumed. One that carries on
-- has what was done, too.
CREATE FUNCTION _smithers_continue(p_run_id text, p jsonb) RETURNS bigint LANGUAGE plpgsql AS $fn$
DECLARE
  v_new_id text := p #>> '{run,run_id}';
BEGIN
  INSERT INTO _smithers_runs SELECT * FROM jsonb_populate_record(NULL::_smithers_runs, p -> 'run');
  INSERT INTO _smithers_signals SELECT (jsonb_populate_record(s, jsonb_build_object('run_id', v_new_id))).*
  FROM _smithers_signals s WHERE s.run_id = p_run_id AND s.consumed_by IS NULL;
  IF p ? 'carriesOn' THEN
    INSERT INTO _smithers_nodes SELECT (jsonb_populate_record(n, jsonb_build_object('run_id', v_new_id))).*
    FROM _smithers_nodes n WHERE n.run_id = p_run_id AND n.state IN ('finished', 'skipped', 'failed');
    INSERT INTO _smithers_outputs SELECT (jsonb_populate_record(o, jsonb_build_object('run_id', v_new_id))).*
    FROM _smithers_outputs o WHERE o.run_id = p_run_id;
  END IF;
  RETURN _smithers_append(v_new_id, jsonb_array_length(p -> 'events'), p -> 'events');
END;
$fn$;

-- Starts the run of a Subflow, unless it has one; one that has failed runs again.
CREATE FUNCTION _smithers_start_child(p jsonb, p_now_ms bigint) RETURNS bigint LANGUAGE plpgsql AS $fn$
DECLARE
  v_new _smithers_runs := jsonb_populate_record(NULL::_smithers_runs, p -> 'run');
  v_known _smithers_runs;
BEGIN
  SELECT * INTO v_known FROM _smithers_runs r
  WHERE r.parent_run_id = v_new.parent_run_id AND r.parent_node_id = v_new.parent_node_id
    AND r.parent_iteration = v_new.parent_iteration AND r.status NOT IN ('cancelled', 'continued')
    AND r.cancel_requested_at_ms IS NULL ORDER BY r.created_at_ms DESC LIMIT 1 FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO _smithers_runs SELECT v_new.*;
    RETURN _smithers_append(v_new.run_id, jsonb_array_length(p -> 'events'), p -> 'events');
  END IF;
  IF v_known.status <> 'failed' THEN RETURN 0; END IF;
  PERFORM _smithers_pending_again(v_known.run_id, ARRAY['failed', 'cancelled']);
  UPDATE _smithers_runs SET status = 'running', finished_at_ms = NULL, error_json = NULL, heartbeat_at_ms = p_now_ms,
    reopened = reopened + 1, crashes = 0
  WHERE run_id = v_known.run_id;
  RETURN _smithers_append_to_inbox(v_known.run_id, p -> 'reopenEvents');
END;
$fn$;

ALTER FUNCTION _smithers_turn(jsonb) RENAME TO _smithers_turn_alone;

-- Writes all of a turn, and what it means for the runs around it.
CREATE FUNCTION _smithers_turn(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
  v_answer text := _smithers_turn_alone(p);
  v_run_id text := p ->> 'runId';
  v_now_ms bigint := (p ->> 'nowMs')::bigint;
  v_done bigint;
  v_one jsonb;
BEGIN
  IF v_answer LIKE '"%' THEN RETURN v_answer; END IF;
  IF p #> '{run,continued_as}' IS NOT NULL THEN
    UPDATE _smithers_runs SET continued_as = p #>> '{run,continued_as}' WHERE run_id = v_run_id;
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
  RETURN v_answer;
END;
$fn$;

ALTER FUNCTION _smithers_mirror(jsonb) RENAME TO _smithers_mirror_alone;

CREATE FUNCTION _smithers_mirror(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
  v_answer text := _smithers_mirror_alone(p);
BEGIN
  UPDATE _smithers_runs r SET (parent_node_id, parent_iteration, continued_from, continued_as, continuation_json) = (
    SELECT n.parent_node_id, n.parent_iteration, n.continued_from, n.continued_as, n.continuation_json
    FROM jsonb_populate_record(r, p -> 'run') n)
  WHERE r.run_id = p #>> '{run,run_id}';
  RETURN v_answer;
END;
$fn$;
`;
