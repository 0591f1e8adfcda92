/** Links a run to the Subflow that it is, and to the runs that it continues or that continue it. */
export const lineage = `
ALTER TABLE _smithers_runs ADD COLUMN parent_node_id TEXT;
ALTER TABLE _smithers_runs ADD COLUMN parent_iteration INTEGER;
ALTER TABLE _smithers_runs ADD COLUMN continued_from TEXT;
ALTER TABLE _smithers_runs ADD COLUMN continued_as TEXT;
ALTER TABLE _smithers_runs ADD COLUMN continuation_json TEXT;
CREATE INDEX _smithers_runs_of_parent ON _smithers_runs (parent_run_id) WHERE parent_run_id IS NOT NULL;
`;
