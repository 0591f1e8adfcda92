import type { AddressInfo } from "node:net";
import { startServer } from "smithers-orchestrator";
import { serverDatabase } from "./database.ts";
import { armFault } from "./fault.ts";

/** Serves the current folder, with the options of `SERVE_OPTIONS` (JSON), and says on stdout where. */
armFault();
const given = JSON.parse(process.env.SERVE_OPTIONS ?? "{}");
const server = startServer({
  port: 0,
  ...given,
  db: given.db ?? serverDatabase(process.cwd()).db,
});
server.on("listening", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
