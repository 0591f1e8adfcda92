export type { ServerOptions } from "./options.ts";
export { createServeApp, type ServeApp, type ServeAppOptions } from "./serve-app.ts";
export { startServer } from "./start-server.ts";
