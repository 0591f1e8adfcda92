/** Adds the row that tells what the clocks of the servers showed before. */
export const postgresPulse = `
CREATE TABLE _smithers_pulse (
  id integer PRIMARY KEY CHECK (id = 1),
  seen_json text NOT NULL
);
`;
