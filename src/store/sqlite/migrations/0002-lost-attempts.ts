/** Names the count of lost attempts as the code does. */
export const lostAttempts = "ALTER TABLE _smithers_nodes RENAME COLUMN losses TO lost_attempts;";
