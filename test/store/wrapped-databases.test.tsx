/** @jsxImportSource smithers-orchestrator */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { createSmithers, runWorkflow, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { afterThisTest } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { database } from "../support/run.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";

const { smithers, outputs } = createSmithers({ result: z.number() });
const workflow = smithers(() => (
  <Workflow name="test">
    <Task id="a" output={outputs.result}>
      {1}
    </Task>
  </Workflow>
));

function opened(file: string, Kind = Database): Database {
  const client = new Kind(file, { create: true });
  afterThisTest(() => client.close());
  return client;
}

const noted: string[] = [];

/** A connection that notes each statement, as libraries for tracing make them: another class with the same methods. */
class Tracing {
  readonly #inner: Database;

  constructor(file: string) {
    this.#inner = opened(file);
  }

  get filename() {
    return this.#inner.filename;
  }

  prepare(sql: string) {
    noted.push(sql);
    return this.#inner.prepare(sql);
  }

  run(sql: string) {
    return this.#inner.run(sql);
  }

  close() {
    this.#inner.close();
  }
}

/** A class of the same name with other identity, as a second copy of the library has. */
function proxied(file: string): Database {
  const inner = opened(file);
  return new Proxy({} as Database, {
    get: (_, name) => {
      const value = Reflect.get(inner, name, inner);
      return typeof value === "function" ? value.bind(inner) : value;
    },
  });
}

const wrapped: Record<string, (file: string) => Database> = {
  "of a class of its own": (file) => new Tracing(file) as unknown as Database,
  "behind a proxy": proxied,
  "of a subclass": (file) => opened(file, class Own extends Database {}),
  "with a database in memory behind a proxy": () => proxied(":memory:"),
};

test.each(Object.entries(wrapped))("a Drizzle client %s is used like any other", async (_, wrap) => {
  const client = wrap(database());
  expect(client instanceof Database).toBe(client.constructor.name === "Own");
  const db = drizzle(client);
  const { runId, status, output } = await runWorkflow(workflow, { db });
  expect([status, output]).toEqual(["finished", 1]);
  // The connection is its owner's, and still open.
  const rows = client.prepare("SELECT run_id FROM _smithers_runs").all();
  expect(rows).toEqual([{ run_id: runId }]);
});

test("every statement goes through the wrapper", async () => {
  noted.length = 0;
  const { runId } = await runWorkflow(workflow, { db: drizzle(new Tracing(database()) as unknown as Database) });
  expect(runId).toBeString();
  expect(noted.some((sql) => sql.startsWith("INSERT INTO _smithers_runs"))).toBe(true);
});

const others: Record<string, () => unknown> = {
  nothing: () => undefined,
  "a client of another library": () => ({ name: "x.db", prepare() {}, exec() {}, close() {} }),
  "a path": () => "smithers.db",
  "a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
};

test.each(Object.entries(others))("a Drizzle database whose client is %s is refused at start", async (_, client) => {
  const db = { $client: client() } as never;
  expect(await runWorkflow(workflow, { db }).catch((error) => error)).toMatchObject({ code: "INVALID_OPTIONS" });
  await expect(serve(folder(), { db })).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
});
