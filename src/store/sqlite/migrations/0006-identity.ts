/** Gives each database an identity that cannot be guessed, and the main one a record of those that workflows name. */
export const identity = `
CREATE TABLE _smithers_identity (database_id TEXT NOT NULL) STRICT;
INSERT INTO _smithers_identity VALUES (lower(hex(randomblob(16))));
ALTER TABLE _smithers_databases ADD COLUMN database_id TEXT;
ALTER TABLE _smithers_databases ADD COLUMN file_key TEXT;
ALTER TABLE _smithers_databases ADD COLUMN main_file_key TEXT;
`;
