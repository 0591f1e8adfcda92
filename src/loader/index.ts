export { inputSchemaOf, WorkflowCatalogue } from "./catalogue.ts";
export { type LoadedWorkflow, Loader, type LoaderOptions, workflowNameOf } from "./loader.ts";
export { nodeSites } from "./node-site.ts";
export { startable } from "./startable.ts";
export { authorStack, throwSite } from "./throw-site.ts";
