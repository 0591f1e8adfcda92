export { createServeApp, type ServeApp, type ServeAppOptions } from "./server/index.ts";
