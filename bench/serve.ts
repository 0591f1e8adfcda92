import { Database } from "bun:sqlite";
import type { AddressInfo } from "node:net";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { startServer } from "smithers-orchestrator";

const server = startServer({
  port: 0,
  db: drizzle(new Database("smithers.db", { create: true })),
  synchronous: process.argv[2] === "normal" ? "normal" : "full",
});
server.on("listening", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
