import { Database } from "bun:sqlite";
import { afterEach } from "bun:test";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { type ServerOptions, startServer } from "smithers-orchestrator";
import { Client } from "./client.ts";

const running = new Set<() => Promise<void>>();

afterEach(async () => {
  await Promise.all([...running].map((close) => close()));
});

export interface TestServer extends Client {
  readonly server: Server;
  close(): Promise<void>;
}

/** A server of this process on a free port, with `smithers.db` in its root folder; closed after the test. */
export async function serve(
  rootDir: string,
  options: ServerOptions & { withoutDb?: boolean } = {},
): Promise<TestServer> {
  const { withoutDb, ...given } = options;
  const database = withoutDb ? undefined : new Database(join(rootDir, "smithers.db"), { create: true });
  const db = database && drizzle(database);
  const server = startServer({ port: 0, rootDir, shutdownGraceMs: 200, ...(db ? { db } : {}), ...given });
  if (!server.listening) await once(server, "listening");
  const close = async () => {
    if (!running.delete(close)) return;
    await new Promise((resolve) => server.close(resolve));
    database?.close();
  };
  running.add(close);
  const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, given.authToken);
  return Object.assign(client, { server, close });
}
