export type { ApprovalPage } from "./approvals.ts";
export { type OtherDatabases, type ReadFrom, type ReadRun, type RunDatabase, RunDatabases } from "./databases.ts";
export { isLogEnd } from "./log-end.ts";
export { type OutputForm, type RunOverview, RunReader, type RunReaderOptions } from "./reader.ts";
