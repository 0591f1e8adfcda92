/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
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
])("%s cannot be stored as JSON and is INVALID_OUTPUT", async (_, value) => {
  expect(await give(value)).toMatchObject({ status: "failed", error: { code: "INVALID_OUTPUT", nodeId: "a" } });
  const rows = [{ kept: 1 }, { v: value }];
  if (value === undefined) return;
  const { error } = await give({ rows });
  expect(error).toMatchObject({ code: "INVALID_OUTPUT", message: expect.stringContaining("rows.1.v") });
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
