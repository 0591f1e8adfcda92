export { type CataloguedWorkflow, WorkflowCatalogue } from "./catalogue.ts";
export { type LoadedWorkflow, Loader, type LoaderOptions } from "./loader.ts";
export { nodeSites } from "./node-site.ts";
export { type Startable, startable } from "./startable.ts";
export { authorStack, throwSite } from "./throw-site.ts";
