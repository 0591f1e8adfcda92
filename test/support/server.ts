import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type ServerOptions, startServer } from "smithers-orchestrator";
import { afterThisTest } from "./cleanup.ts";
import { Client } from "./client.ts";
import { serverDatabase } from "./server-database.ts";

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
  const database = withoutDb || given.db ? undefined : serverDatabase(rootDir);
  const db = database?.db;
  const server = startServer({ port: 0, rootDir, shutdownGraceMs: 200, ...(db ? { db } : {}), ...given });
  if (!server.listening) await once(server, "listening");
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    await new Promise((resolve) => server.close(resolve));
    database?.close();
  };
  afterThisTest(close);
  const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, given.authToken);
  return Object.assign(client, { server, close });
}

/**
 * A server as {@link serve} gives it, which executes runs in its own process: for tests that are about neither workers
 * nor what an author's code does to them. A worker costs more processor time than most tests.
 */
export function serveWithoutWorkers(rootDir: string, options: Parameters<typeof serve>[1] = {}): Promise<TestServer> {
  return serve(rootDir, { isolation: "none", ...options });
}
