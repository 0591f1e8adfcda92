import { Database } from "bun:sqlite";
import type { AddressInfo } from "node:net";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { startServer } from "smithers-orchestrator";
import { armFault } from "./fault.ts";

/** Serves the current folder, with the options of `SERVE_OPTIONS` (JSON), and says on stdout where. */
armFault();
const given = JSON.parse(process.env.SERVE_OPTIONS ?? "{}");
const server = startServer({
  port: 0,
  ...given,
  db: given.db ?? drizzle(new Database("smithers.db", { create: true })),
});
server.on("listening", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
