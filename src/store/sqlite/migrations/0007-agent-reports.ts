/** Finds the reports of a run's agents among all of its events. */
export const agentReportIndex = `
CREATE INDEX _smithers_events_of_agents ON _smithers_events (run_id, seq)
  WHERE type IN ('AgentFailed', 'AgentSessionStarted', 'TokenUsageReported');
`;
