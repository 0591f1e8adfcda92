export type { ServerOptions } from "./options.ts";
export { startServer } from "./start-server.ts";
