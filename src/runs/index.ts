export { RunDatabases } from "./databases.ts";
export { isLogEnd } from "./log-end.ts";
export { type OutputForm, type RunOverview, RunReader } from "./reader.ts";
