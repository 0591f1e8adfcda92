export { type LoadedWorkflow, Loader, type LoaderOptions } from "./loader.ts";
