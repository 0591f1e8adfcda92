export type { ServerOptions } from "./options.ts";
/** @internal */
export { resolveServerOptions } from "./options.ts";
export { createServeApp, type ServeApp, type ServeAppOptions } from "./serve-mode/serve-app.ts";
/** @internal */
export { notListening, type ServedRun, serveRun } from "./serve-mode/serve-run.ts";
/** @internal */
export { type StartedServer, serve, startServer } from "./start-server.ts";
/** @internal */
export { filesWithToken } from "./token-files.ts";
