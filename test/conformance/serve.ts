import { rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { serverDatabase } from "../support/server-database.ts";
import { testedPackage } from "../support/tested-code.ts";

/** The server that the suite starts for itself, in a folder of its own; both go when its stdin ends. */
const { startServer } = await testedPackage();
const server = startServer({ port: 0, db: serverDatabase(process.cwd()).db });
server.on("listening", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.stdin.on("end", () => {
  rmSync(process.cwd(), { recursive: true, force: true });
  process.exit();
});
process.stdin.resume();
