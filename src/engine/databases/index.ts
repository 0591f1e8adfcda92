export { openForWorkflow } from "./for-workflow.ts";
export { type ListedDatabase, OwnDatabases, type OwnDatabasesOptions } from "./own-databases.ts";
