/** Where an attempt's error was thrown. */
export const stacks = "ALTER TABLE _smithers_attempts ADD COLUMN stack TEXT;";
