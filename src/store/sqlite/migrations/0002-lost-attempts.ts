/** Gives the count of lost attempts the name that it has in the code. */
export const lostAttempts = "ALTER TABLE _smithers_nodes RENAME COLUMN losses TO lost_attempts;";
