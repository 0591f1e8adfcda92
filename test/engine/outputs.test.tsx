/** @jsxImportSource smithers-orchestrator */
import { describe, expect, test } from "bun:test";
import { createSmithers, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { run } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({
  result: z.object({ value: z.number(), tags: z.array(z.string()).default([]) }),
  anything: z.any(),
  trimmed: z.object({ text: z.string().transform((text) => text.trim()) }),
  unique: z.string().refine(async (text) => text !== "taken", "is taken"),
});

/** Runs a task that gives `value`, once. */
const give = (value: unknown, output: any = outputs.anything) =>
  run(
    smithers(() => (
      <Workflow name="test">
        <Task id="a" output={output} retries={0}>
          {() => value as never}
        </Task>
      </Workflow>
    )),
  );

test("an output that does not fit is INVALID_OUTPUT, with where and why", async () => {
  const ran = await give({ value: "text", tags: ["ok", 2] }, outputs.result);
  expect(ran).toMatchObject({ status: "failed", error: { code: "INVALID_OUTPUT", nodeId: "a" } });
  const { issues } = ran.error!.details as { issues: { path: unknown; message: string; code: string }[] };
  expect(issues.map(({ path }) => path)).toEqual([["value"], ["tags", 1]]);
  expect(issues[0]).toMatchObject({ code: "invalid_type", message: expect.stringContaining("number") });
  expect(ran.error!.message).toContain('"result"');
  expect(ran.outputs).toEqual({});
});

test("a static value that does not fit fails at once", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="a" output={outputs.result}>
          {{ value: "text" } as never}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "failed", error: { code: "INVALID_OUTPUT", nodeId: "a" } });
});

test("what the schema makes of the value is stored: defaults and transforms", async () => {
  expect((await give({ value: 1, other: true }, outputs.result)).output).toEqual({ value: 1, tags: [] });
  expect((await give({ text: "  hi " }, outputs.trimmed)).output).toEqual({ text: "hi" });
});

test("a schema with an asynchronous check is awaited", async () => {
  expect((await give("free", outputs.unique)).output).toBe("free");
  expect((await give("taken", outputs.unique)).error).toMatchObject({
    code: "INVALID_OUTPUT",
    details: { issues: [{ path: [], message: "is taken" }] },
  });
});

const cycle: Record<string, unknown> = {};
cycle.self = cycle;
cycle.twice = {};

test.each([
  ["a BigInt", { n: 1n }],
  ["a cycle", cycle],
  ["a function", () => 1],
  ["a symbol", Symbol("s")],
  ["a Map", { found: [new Map([["a", 1]])] }],
  ["a Set", new Set([1])],
  ["nothing at all", undefined],
  ["an Error", new Error("lost")],
  ["a RegExp", /x/g],
  ["bytes", new Uint8Array([1, 2, 3])],
  ["a Buffer", Buffer.from("x")],
  ["an ArrayBuffer", new ArrayBuffer(3)],
  ["a Response", new Response("x")],
  ["a Blob", new Blob(["x"])],
  ["a WeakMap", new WeakMap()],
  ["a generator", (function* () {})()],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["an invalid Date", new Date(Number.NaN)],
  ["what its toJSON gives nothing of", { toJSON() {} }],
  ["a toJSON that gives a Promise", { toJSON: async () => 1 }],
  ["a toJSON that gives a Map", { toJSON: () => ({ rows: [new Map()] }) }],
  ["a toJSON that gives NaN", { toJSON: () => Number.NaN }],
])("%s cannot be stored as JSON and is INVALID_OUTPUT", async (_, value) => {
  expect(await give(value)).toMatchObject({ status: "failed", error: { code: "INVALID_OUTPUT", nodeId: "a" } });
  const rows = [{ kept: 1 }, { v: value }];
  if (value === undefined) return;
  const { error } = await give({ rows });
  expect(error).toMatchObject({ code: "INVALID_OUTPUT", message: expect.stringContaining("rows.1.v") });
});

test.each([
  ["an item that is undefined", [1, undefined]],
  ["a hole", Object.assign([1], { 2: 3 })],
])("a list with %s would have null there, and is INVALID_OUTPUT", async (_, list) => {
  const { error } = await give({ list, field: undefined });
  expect(error).toMatchObject({ code: "INVALID_OUTPUT", message: expect.stringContaining("list.1 is undefined") });
});

test("a value whose parts are used again and again is refused before it is written out", async () => {
  let value: unknown = "x";
  for (let levels = 0; levels < 40; levels += 1) value = [value, value];
  const { error } = await give(value);
  expect(error).toMatchObject({
    code: "INVALID_OUTPUT",
    message: expect.stringContaining("it is made of more than 10000000 values"),
  });
});

test("a value that nests without bounds is INVALID_OUTPUT", async () => {
  let deep: unknown = 1;
  for (let depth = 0; depth < 100_000; depth += 1) deep = { a: deep };
  const { error } = await give(deep);
  expect(error).toMatchObject({ code: "INVALID_OUTPUT", message: expect.stringContaining("more than 5000 levels") });
});

describe("a value that a schema says to be what JSON does not keep", () => {
  const text = "2027-01-31T09:00:00.000Z";
  const toDate = z.string().transform((given) => new Date(given));
  const schemas = {
    transform: z.object({ v: toDate }),
    nested: z.object({ rows: z.array(z.object({ v: toDate.optional() })).default([]) }),
    choice: z.object({ v: z.union([z.string().transform((given) => given.length), z.instanceof(URL)]) }),
    custom: z.object({ v: z.instanceof(URL) }),
    kinds: z.object({ v: z.discriminatedUnion("kind", [z.object({ kind: z.literal("a"), at: toDate })]) }),
    piped: z.object({ v: toDate.pipe(z.date()) }),
    plain: z.object({ v: z.string().transform((given) => ({ given, n: [1] })), w: z.date().refine(Boolean) }),
    length: z.object({ v: z.union([z.string().transform((given) => given.length), z.date()]) }),
  };
  const made = createSmithers(schemas);
  const ran = (key: keyof typeof schemas, value: unknown) =>
    run(
      made.smithers(() => (
        <Workflow name="test">
          <made.Task id="a" output={made.outputs[key] as never} retries={0}>
            {() => value as never}
          </made.Task>
        </Workflow>
      )),
    );

  test.each([
    ["transform", { v: text }, "v: a Date"],
    ["nested", { rows: [{}, { v: text }] }, "rows.1.v: a Date"],
    ["choice", { v: new URL("http://a/b") }, "v: "],
    ["custom", { v: new URL("http://a/b") }, "v: a URL"],
    ["kinds", { v: { kind: "a", at: text } }, "v.at: a Date"],
  ] as const)("is refused (%s)", async (key, value, where) => {
    const { error } = await ran(key, value);
    expect(error).toMatchObject({ code: "INVALID_OUTPUT", message: expect.stringContaining(where) });
  });

  test.each([
    ["piped", { v: text }, { v: text }],
    ["plain", { v: "x", w: new Date(text) }, { v: { given: "x", n: [1] }, w: text }],
    ["length", { v: "four" }, { v: 4 }],
    ["length", { v: new Date(text) }, { v: text }],
  ] as const)("is stored where it is read back as it was (%s)", async (key, value, stored) => {
    const { status, error, outputs: stood } = await ran(key, value);
    expect({ status, error, a: JSON.parse(JSON.stringify(stood.a)) }).toEqual({
      status: "finished",
      error: undefined,
      a: stored,
    });
  });
});

test("a forgotten await is named with its path", async () => {
  const { error } = await give({ rows: [{ b: Promise.resolve(1) }] });
  expect(error!.message).toContain(
    'The output of "a" cannot be stored as JSON: rows.0.b is a Promise (a forgotten await?).',
  );
  expect(error!.details).toMatchObject({ issues: [{ path: ["rows", 0, "b"] }] });
});

test.each([
  ["a Date as ISO text", new Date(0), "1970-01-01T00:00:00.000Z"],
  ["null", null, null],
  ["false", false, false],
  ["an empty text", "", ""],
  ["a list", [1, "two", { three: 3 }], [1, "two", { three: 3 }]],
  ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  [
    "the fields of an instance",
    new (class Point {
      x = 1;
      y = undefined;
    })(),
    { x: 1 },
  ],
  ["what has a JSON form of its own", new URL("http://a/b"), "http://a/b"],
  ["the same object twice", [cycle.twice, cycle.twice], [{}, {}]],
])("%s is stored", async (_, value, stored) => {
  const ran = await give(value);
  expect(ran).toMatchObject({ status: "finished" });
  expect(ran.outputs.a).toEqual(stored);
});

test("an output of 50 MB is refused, once, and names the limit", async () => {
  const value = "x".repeat(50_000_000);
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="big" output={outputs.anything}>
          {() => value}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "failed", nodes: { big: { attempt: 1 } } });
  expect(ran.error).toMatchObject({ code: "OUTPUT_TOO_LARGE", details: { maxBytes: 10_485_760, bytes: 50_000_002 } });
});

test("an output is named by its key as well as by its reference", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Task id="a" output="result">
          {{ value: 1 }}
        </Task>
        <Task id="b" output={outputs.anything}>
          {() => [ctx.output("result", { nodeId: "a" }), ctx.output(outputs.result, { nodeId: "a" })]}
        </Task>
      </Workflow>
    )),
  );
  expect(ran.outputs.b).toEqual([
    { value: 1, tags: [] },
    { value: 1, tags: [] },
  ]);
});

test("the run's output is the last finished task's", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="a" output={outputs.anything}>
          first
        </Task>
        <Task id="b" output={outputs.anything}>
          {() => "last"}
        </Task>
        <Task id="c" output={outputs.anything} skipIf>
          never
        </Task>
      </Workflow>
    )),
  );
  expect(ran.output).toBe("last");
});
