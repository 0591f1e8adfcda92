/**
 * Makes again the indexes that every write of a node or an event is checked against, with conditions that are cheap to
 * check: for `IN` with three values, SQLite builds a table of them at each write, which takes as long as the write.
 */
export const cheapConditions = `
DROP INDEX _smithers_nodes_waiting;
CREATE INDEX _smithers_nodes_waiting ON _smithers_nodes (run_id, started_at_ms)
  WHERE state = 'waiting-approval' OR state = 'waiting-event' OR state = 'waiting-timer';

DROP INDEX _smithers_events_of_agents;
CREATE INDEX _smithers_events_of_agents ON _smithers_events (run_id, seq)
  WHERE type = 'AgentFailed' OR type = 'AgentSessionStarted' OR type = 'TokenUsageReported';
`;
