/** A question may ask for a value of a schema. */
export const answers = `
ALTER TABLE _smithers_approvals ADD COLUMN form_json TEXT;
ALTER TABLE _smithers_approvals ADD COLUMN asked INTEGER;
ALTER TABLE _smithers_approvals ADD COLUMN refusal_json TEXT;
ALTER TABLE _smithers_approvals ADD COLUMN data_json TEXT;
`;
