/** Keeps what tools are called with and what a denial leads to, and finds the prompts of a run's agents among all of its events. */
export const agentTalk = `
ALTER TABLE _smithers_tool_calls ADD COLUMN arguments_json TEXT;
ALTER TABLE _smithers_approvals ADD COLUMN on_deny TEXT;
CREATE INDEX _smithers_events_of_prompts ON _smithers_events (run_id, seq) WHERE type = 'AgentPrompted';
`;
