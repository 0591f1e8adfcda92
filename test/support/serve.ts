import type { AddressInfo } from "node:net";
import { databaseOf } from "./database.ts";
import { armFault } from "./fault.ts";
import { testedPackage } from "./tested-code.ts";

/** Serves the current folder, with the options of `SERVE_OPTIONS` (JSON), and says on stdout where. */
armFault();
const { startServer } = await testedPackage();
const given = JSON.parse(process.env.SERVE_OPTIONS ?? "{}");
const server = startServer({
  port: 0,
  ...given,
  db: given.db ?? databaseOf(process.cwd()),
});
server.on("listening", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
