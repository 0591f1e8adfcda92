/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { type CachePolicy, createSmithers, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { newDatabase, run } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({ result: z.object({ value: z.number() }) });

/** A database, and how often a task with a cache has been executed in its runs. */
function counted() {
  const db = newDatabase();
  const count = { calls: 0 };
  const runWith = (cache: boolean | CachePolicy | undefined, input: unknown = {}, name = "test", byDefault = false) =>
    run(
      smithers(() => (
        <Workflow name={name} cache={byDefault}>
          <Task id="a" output={outputs.result} cache={cache}>
            {() => ({ value: ++count.calls })}
          </Task>
        </Workflow>
      )),
      { db, input },
    );
  return { runWith, count };
}

test("without cache each run executes its tasks", async () => {
  const { runWith, count } = counted();
  await runWith(undefined);
  await runWith(false);
  expect(count.calls).toBe(2);
});

test("a cached result is taken by later runs, without an attempt", async () => {
  const { runWith, count } = counted();
  await runWith({ by: "key" });
  const second = await runWith({ by: "key" });
  expect(count.calls).toBe(1);
  expect(second).toMatchObject({ status: "finished", output: { value: 1 }, nodes: { a: { attempt: 0 } } });
  expect(second.of("NodeFinished")).toMatchObject([{ nodeId: "a", cached: true }]);
});

test("another `by` or another version is another result", async () => {
  const { runWith, count } = counted();
  await runWith({ by: { file: "x" } });
  await runWith({ by: { file: "y" } });
  await runWith({ by: { file: "x" }, version: "2" });
  expect(count.calls).toBe(3);
  await runWith({ by: { file: "x" } });
  await runWith({ by: { file: "x" }, version: "2" });
  expect(count.calls).toBe(3);
});

test("with `by` the input does not matter; without it, it does", async () => {
  const { runWith, count } = counted();
  await runWith({ by: "key" }, { n: 1 });
  await runWith({ by: "key" }, { n: 2 });
  expect(count.calls).toBe(1);
  await runWith(true, { n: 1 });
  await runWith(true, { n: 2 });
  await runWith(true, { n: 1 });
  expect(count.calls).toBe(3);
});

test("another workflow has results of its own", async () => {
  const { runWith, count } = counted();
  await runWith({ by: "key" }, {}, "one");
  await runWith({ by: "key" }, {}, "two");
  expect(count.calls).toBe(2);
});

test("the workflow's cache is the default of its tasks", async () => {
  const { runWith, count } = counted();
  await runWith(undefined, {}, "test", true);
  await runWith(undefined, {}, "test", true);
  expect(count.calls).toBe(1);
  await runWith(false, {}, "test", true);
  expect(count.calls).toBe(2);
});

test("another value of a dependency is another result", async () => {
  const db = newDatabase();
  let calls = 0;
  const workflow = smithers((ctx) => (
    <Workflow name="test">
      <Task id="base" output={outputs.result}>
        {() => ({ value: ctx.input.n })}
      </Task>
      <Task id="next" output={outputs.result} deps={{ base: outputs.result }} cache={{ by: "key" }}>
        {({ base }) => {
          calls += 1;
          return { value: base.value + 1 };
        }}
      </Task>
    </Workflow>
  ));
  for (const n of [1, 2, 1]) expect((await run(workflow, { db, input: { n } })).output).toEqual({ value: n + 1 });
  expect(calls).toBe(2);
});

test("a failure is not cached", async () => {
  const db = newDatabase();
  let calls = 0;
  const workflow = smithers(() => (
    <Workflow name="test">
      <Task id="a" output={outputs.result} cache={{ by: "key" }} retries={0}>
        {() => {
          calls += 1;
          if (calls === 1) throw new Error("first");
          return { value: calls };
        }}
      </Task>
    </Workflow>
  ));
  expect((await run(workflow, { db })).status).toBe("failed");
  expect((await run(workflow, { db })).output).toEqual({ value: 2 });
});

test("`by` may be a function of ctx", async () => {
  const { runWith, count } = counted();
  await runWith({ by: (ctx) => ctx.input.file }, { file: "x", n: 1 });
  await runWith({ by: (ctx) => ctx.input.file }, { file: "x", n: 2 });
  expect(count.calls).toBe(1);
  await runWith({ by: (ctx) => ctx.input.file }, { file: "y", n: 2 });
  expect(count.calls).toBe(2);
});

test("a `by` that cannot be stored as JSON fails the run with a code", async () => {
  const { runWith } = counted();
  const ran = await runWith({ by: { n: 1n } });
  expect(ran).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
  expect(ran.error!.message).toContain("cache.by cannot be stored as JSON");
});
