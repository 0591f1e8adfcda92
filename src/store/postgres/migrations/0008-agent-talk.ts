/** Keeps what tools are called with and what a denial leads to, and finds the prompts of a run's agents among all of its events. */
export const postgresAgentTalk = `
ALTER TABLE _smithers_tool_calls ADD COLUMN arguments_json text;
ALTER TABLE _smithers_approvals ADD COLUMN on_deny text;
CREATE INDEX _smithers_events_of_prompts ON _smithers_events (run_id, seq) WHERE type = 'AgentPrompted';

-- An earlier release knows nothing of what a denial leads to, and must not remove it.
CREATE OR REPLACE FUNCTION _smithers_put_approvals(p jsonb) RETURNS bigint LANGUAGE plpgsql AS $fn$
BEGIN
  INSERT INTO _smithers_approvals SELECT * FROM jsonb_populate_recordset(NULL::_smithers_approvals, p)
  ON CONFLICT (run_id, node_id, iteration) DO UPDATE SET
    status = excluded.status, mode = excluded.mode, label = excluded.label, title = excluded.title,
    summary = excluded.summary, metadata_json = excluded.metadata_json, options_json = excluded.options_json,
    requested_at_ms = excluded.requested_at_ms, decided_at_ms = excluded.decided_at_ms,
    decided_by = excluded.decided_by, note = excluded.note, selected = excluded.selected,
    ranked_json = excluded.ranked_json, form_json = excluded.form_json, asked = excluded.asked,
    refusal_json = excluded.refusal_json, data_json = excluded.data_json,
    on_deny = coalesce(excluded.on_deny, _smithers_approvals.on_deny);
  RETURN jsonb_array_length(p);
END;
$fn$;
`;
