/**
 * Adds the ends of durations by a clock that nothing sets, which every process of one host reads; and a row that tells
 * whether writes succeed, and what the clocks showed before.
 */
export const steadyWakes = `
ALTER TABLE _smithers_nodes ADD COLUMN wake_steady_ms INTEGER;
ALTER TABLE _smithers_nodes ADD COLUMN wake_steady_clock TEXT;

ALTER TABLE _smithers_runs ADD COLUMN wake_wall_ms INTEGER;
ALTER TABLE _smithers_runs ADD COLUMN wake_steady_ms INTEGER;
ALTER TABLE _smithers_runs ADD COLUMN wake_steady_clock TEXT;
CREATE INDEX _smithers_runs_due_by_date ON _smithers_runs (wake_wall_ms) WHERE wake_wall_ms IS NOT NULL;
CREATE INDEX _smithers_runs_due_by_duration ON _smithers_runs (wake_steady_clock, wake_steady_ms)
  WHERE wake_steady_ms IS NOT NULL;

CREATE TABLE _smithers_pulse (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  probes INTEGER NOT NULL,
  believed_json TEXT,
  doubted_json TEXT
) STRICT;
INSERT INTO _smithers_pulse (id, probes) VALUES (1, 0);
`;
