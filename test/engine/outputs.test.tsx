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

test.each([
  ["a BigInt", { n: 1n }],
  ["a cycle", cycle],
  ["a function", () => 1],
  ["a symbol", Symbol("s")],
  ["a Map", { found: [new Map([["a", 1]])] }],
  ["a Set", new Set([1])],
  ["nothing at all", undefined],
])("%s cannot be stored as JSON and is INVALID_OUTPUT", async (_, value) => {
  expect(await give(value)).toMatchObject({ status: "failed", error: { code: "INVALID_OUTPUT", nodeId: "a" } });
});

test.each([
  ["a Date as ISO text", new Date(0), "1970-01-01T00:00:00.000Z"],
  ["null", null, null],
  ["false", false, false],
  ["an empty text", "", ""],
  ["a list", [1, "two", { three: 3 }], [1, "two", { three: 3 }]],
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
