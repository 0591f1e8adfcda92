export type { ServerOptions } from "./options.ts";
export { createServeApp, type ServeApp, type ServeAppOptions } from "./serve-app.ts";
export { notListening, resolveServing, type ServedRun, serveRun } from "./serve-run.ts";
export { startServer } from "./start-server.ts";
export { filesWithToken } from "./token-files.ts";
