export { openForWorkflow } from "./for-workflow.ts";
export { type ListedDatabase, OwnDatabases } from "./own-databases.ts";
