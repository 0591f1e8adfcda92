/** Adds the reason why a due run could not be taken, to show it with the run. */
export const wakeFailure = "ALTER TABLE _smithers_runs ADD COLUMN wake_failure_json TEXT;";
