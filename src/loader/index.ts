export { type CataloguedWorkflow, WorkflowCatalogue } from "./catalogue.ts";
export { type LoadedWorkflow, Loader, type LoaderOptions } from "./loader.ts";
export { authorStack, throwSite } from "./throw-site.ts";
