/** Adds since when a run's tasks wait for a place among the attempts of its server. */
export const queued = "ALTER TABLE _smithers_runs ADD COLUMN queued_at_ms INTEGER;";
