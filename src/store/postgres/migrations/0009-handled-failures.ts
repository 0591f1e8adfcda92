/** Keeps a failure that a catch or a compensation has begun to answer when its run runs again: see `handledFailure`. */
export const postgresHandledFailures = `
CREATE OR REPLACE FUNCTION _smithers_pending_again(p_run_id text, p_states text[]) RETURNS void LANGUAGE plpgsql AS $fn$
BEGIN
  UPDATE _smithers_nodes SET state = 'pending', failures = 0, lost_attempts = 0, wake_at_ms = NULL,
    wake_steady_ms = NULL, wake_steady_clock = NULL, finished_at_ms = NULL, error_json = NULL
  WHERE run_id = p_run_id AND state = ANY (p_states)
    AND (state <> 'failed' OR error_json IS NULL OR strpos(error_json, '"failureHandled":true') = 0);
END;
$fn$;
`;
