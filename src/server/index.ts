export type { ServerOptions } from "./options.ts";
export { createServeApp, type ServeApp, type ServeAppOptions } from "./serve-mode/serve-app.ts";
export { startServer } from "./start-server.ts";

// Only for the package's other rooms; the published declarations omit what is internal.

export { notListening } from "./http/not-listening.ts";
/** @internal */
export { resolveServerOptions } from "./options.ts";
/** @internal */
export { type ServedRun, serveRun } from "./serve-mode/serve-run.ts";
/** @internal */
export { type StartedServer, serve } from "./start-server.ts";
/** @internal */
