/**
 * Adds since when a run's tasks wait for a place among the attempts of a server. A run without an owner that waits for
 * one may be taken by any server.
 */
export const postgresQueued = `
ALTER TABLE _smithers_runs ADD COLUMN queued_at_ms bigint;
CREATE INDEX _smithers_runs_queued ON _smithers_runs (queued_at_ms, run_id)
  WHERE queued_at_ms IS NOT NULL AND owner IS NULL;

ALTER FUNCTION _smithers_turn(jsonb) RENAME TO _smithers_turn_of_lineage;

CREATE FUNCTION _smithers_turn(p jsonb) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
  v_answer text := _smithers_turn_of_lineage(p);
BEGIN
  IF (p -> 'run') ? 'queued_at_ms' AND v_answer NOT LIKE '"%' THEN
    UPDATE _smithers_runs SET queued_at_ms = (p #>> '{run,queued_at_ms}')::bigint WHERE run_id = p ->> 'runId';
  END IF;
  RETURN v_answer;
END;
$fn$;
`;
