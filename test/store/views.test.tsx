/** @jsxImportSource smithers-orchestrator */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { createSmithers, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { database, run } from "../support/run.ts";

/** A workflow that stores one value under a key. */
function storing(key: string, schema: z.ZodType, value: unknown) {
  const { smithers } = createSmithers({ [key]: schema });
  return smithers(() => (
    <Workflow name="test">
      <Task id="only" output={key}>
        {value}
      </Task>
    </Workflow>
  ));
}

function select(db: string, sql: string): Record<string, unknown>[] {
  const database = new Database(db, { readonly: true });
  try {
    return database.query(sql).all() as Record<string, unknown>[];
  } finally {
    database.close();
  }
}

const ofName = (name: string) => `SELECT * FROM "${name.replaceAll('"', '""')}"`;

test("an output is read by its key in any SQLite shell, with the run, node and iteration that made it", async () => {
  const schema = z.object({
    text: z.string(),
    ok: z.boolean(),
    tags: z.array(z.string()),
    note: z.string().nullable(),
  });
  const value = { text: "it's", ok: true, tags: ["a"], note: null };
  const { db, runId } = await run(storing("result", schema, value));
  expect(select(db, "SELECT * FROM result")).toEqual([
    { run_id: runId, node_id: "only", iteration: 0, text: "it's", ok: 1, tags: '["a"]', note: null },
  ]);
});

test("two workflows with one key and different shapes share a database without harm", async () => {
  const db = database();
  const first = await run(storing("result", z.object({ value: z.number() }), { value: 1 }), { db });
  const second = await run(
    storing("result", z.object({ name: z.string(), value: z.string() }), { name: "x", value: "y" }),
    {
      db,
    },
  );
  expect([first.output, second.output]).toEqual([{ value: 1 }, { name: "x", value: "y" }]);
  expect(select(db, "SELECT value, name FROM result ORDER BY name")).toEqual([
    { value: 1, name: null },
    { value: "y", name: "x" },
  ]);
});

test("keys that differ only in case share a view", async () => {
  const db = database();
  await run(storing("result", z.object({ value: z.number() }), { value: 1 }), { db });
  await run(storing("Result", z.object({ value: z.number() }), { value: 2 }), { db });
  expect(select(db, "SELECT value FROM result ORDER BY value")).toEqual([{ value: 1 }, { value: 2 }]);
});

const keys = ["select", "with space", 'quo"te', "it's", "größe", "semi;colon", "--", "a.b", "[x]", "$1", "0"];

test.each(keys)("the key %j has a view like any other", async (key) => {
  const { db, status } = await run(storing(key, z.object({ value: z.number() }), { value: 1 }));
  expect(status).toBe("finished");
  expect(select(db, ofName(key))).toMatchObject([{ value: 1 }]);
});

test.each(["", "nul\0char", "sqlite_x", "_smithers_runs"])("the key %j has no view, and works", async (key) => {
  const { output, status } = await run(storing(key, z.object({ value: z.number() }), { value: 1 }));
  expect([status, output]).toEqual(["finished", { value: 1 }]);
});

test("columns may have any name, and none of them hides the run's id", async () => {
  const value = { "a b": 1, "it's": 2, select: 3, "a.b": 4, run_id: 5, Größe: 6, json: 7, $: 8, "0": 9, A: 10, a: 11 };
  const shape = Object.fromEntries(Object.keys(value).map((name) => [name, z.number()]));
  const { db, runId } = await run(
    storing("result", z.object({ ...shape, 'quo"te': z.number() }), { ...value, 'quo"te': 1 }),
  );
  const { a: _, run_id: own, ...columns } = value;
  expect(select(db, "SELECT * FROM result")).toEqual([
    { ...columns, run_id: runId, output_run_id: own, node_id: "only", iteration: 0 },
  ]);
});

test("a schema of thousands of fields works", async () => {
  const names = Array.from({ length: 2_500 }, (_, n) => `f${n}`);
  const schema = z.object(Object.fromEntries(names.map((name) => [name, z.number()])));
  const { db, status } = await run(storing("wide", schema, Object.fromEntries(names.map((name, n) => [name, n]))));
  expect(status).toBe("finished");
  expect(select(db, "SELECT f0, f999 FROM wide")).toEqual([{ f0: 0, f999: 999 }]);
});

test.each([
  ["text", z.string(), "hi", "hi"],
  ["a number", z.number(), 2, 2],
  ["a list", z.array(z.string()), ["a", "b"], '["a","b"]'],
  ["anything", z.any(), { a: 1 }, '{"a":1}'],
])("an output that is %s is the view's value", async (_, schema, value, shown) => {
  const { db, runId } = await run(storing("note", schema, value));
  expect(select(db, "SELECT * FROM note")).toEqual([{ run_id: runId, node_id: "only", iteration: 0, value: shown }]);
});

test.each([
  ["table", "CREATE TABLE result (mine TEXT)"],
  ["view", "CREATE VIEW result AS SELECT 'kept' AS mine"],
])("a %s of the user's own keeps its name, and the outputs stay readable", async (_, create) => {
  const db = database();
  const own = new Database(db, { create: true });
  own.run(create);
  if (create.startsWith("CREATE TABLE")) own.run("INSERT INTO result VALUES ('kept')");
  own.close();
  const { output } = await run(storing("result", z.object({ value: z.number() }), { value: 1 }), { db });
  expect(output).toEqual({ value: 1 });
  expect(select(db, "SELECT * FROM result")).toEqual([{ mine: "kept" }]);
  expect(select(db, "SELECT json FROM _smithers_outputs WHERE schema_key = 'result'")).toEqual([
    { json: '{"value":1}' },
  ]);
});
