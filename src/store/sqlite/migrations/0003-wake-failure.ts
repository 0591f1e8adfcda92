/** Why a run that should have gone on could not be taken up, for whoever looks at the run. */
export const wakeFailure = "ALTER TABLE _smithers_runs ADD COLUMN wake_failure_json TEXT;";
