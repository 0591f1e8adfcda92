/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, Parallel, type TaskContext, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { run } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({
  result: z.object({ value: z.number() }),
  note: z.object({ text: z.string() }),
});

test("a static task stores its value without an attempt", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="a" output={outputs.result}>
          {{ value: 1 }}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", output: { value: 1 }, outputs: { a: { value: 1 } } });
  expect(ran.nodes.a!.attempt).toBe(0);
  expect(ran.of("NodeStarted")).toEqual([]);
});

test("a compute task gets the number of its attempt", async () => {
  let seen: TaskContext | undefined;
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="a" output={outputs.result}>
          {async (task) => {
            seen = task;
            return { value: 2 };
          }}
        </Task>
      </Workflow>
    )),
    { runId: "r", rootDir: "/tmp" },
  );
  expect(ran.output).toEqual({ value: 2 });
  expect(seen).toMatchObject({ runId: "r", nodeId: "a", iteration: 0, attempt: 1, rootDir: "/tmp" });
  expect(seen).toMatchObject({ allowNetwork: false, idempotencyKey: "r:a:0" });
  expect(seen!.signal.aborted).toBe(false);
});

test("deps hand over the outputs of the tasks of these names", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Parallel>
          <Task id="sum" output={outputs.result} deps={{ a: outputs.result, b: "note" }}>
            {({ a, b }, task) => ({ value: a.value + b.text.length + task.attempt })}
          </Task>
          <Task id="a" output={outputs.result}>
            {() => ({ value: 10 })}
          </Task>
          <Task id="b" output={outputs.note}>
            {() => ({ text: "four" })}
          </Task>
        </Parallel>
      </Workflow>
    )),
  );
  expect(ran.outputs.sum).toEqual({ value: 15 });
});

test("needs maps the name of a dependency to a task's id", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Parallel>
          <Task id="next" output={outputs.result} needs={{ before: "long-name" }} deps={{ before: outputs.result }}>
            {({ before }) => ({ value: before.value + 1 })}
          </Task>
          <Task id="long-name" output={outputs.result}>
            {() => ({ value: 1 })}
          </Task>
        </Parallel>
      </Workflow>
    )),
  );
  expect(ran.outputs.next).toEqual({ value: 2 });
});

test("dependsOn and needs hold a task back until the others are done", async () => {
  const order: string[] = [];
  const step = (name: string) => () => ({ value: order.push(name) });
  await run(
    smithers(() => (
      <Workflow name="test">
        <Parallel>
          <Task id="c" output={outputs.result} needs={{ any: "b" }}>
            {step("c")}
          </Task>
          <Task id="b" output={outputs.result} dependsOn={["a"]}>
            {step("b")}
          </Task>
          <Task id="a" output={outputs.result}>
            {step("a")}
          </Task>
        </Parallel>
      </Workflow>
    )),
  );
  expect(order).toEqual(["a", "b", "c"]);
});

test("a task with skipIf does not run, and what depends on its being done does", async () => {
  let ranIt = false;
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="skipped" output={outputs.result} skipIf>
          {() => {
            ranIt = true;
            return { value: 1 };
          }}
        </Task>
        <Task id="after" output={outputs.result} dependsOn={["skipped"]}>
          {{ value: 2 }}
        </Task>
      </Workflow>
    )),
  );
  expect(ranIt).toBe(false);
  expect(ran).toMatchObject({ status: "finished", states: { skipped: "skipped", after: "finished" } });
});

test("a task that reads from a skipped one is skipped too", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="a" output={outputs.result} skipIf>
          {{ value: 1 }}
        </Task>
        <Task id="b" output={outputs.result} deps={{ a: outputs.result }}>
          {({ a }) => a}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", states: { a: "skipped", b: "skipped" } });
});

test("a dependency that gives another output than the one asked for is an error", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="a" output={outputs.result}>
          {{ value: 1 }}
        </Task>
        <Task id="b" output={outputs.note} deps={{ a: outputs.note }}>
          {({ a }) => ({ text: `${a.text}` })}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "failed", error: { code: "MISSING_OUTPUT", nodeId: "b" } });
});

test("label and meta are kept and shown", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="a" output={outputs.result} label="First" meta={{ team: "core" }}>
          {{ value: 1 }}
        </Task>
      </Workflow>
    )),
  );
  expect(ran.nodes.a!.label).toBe("First");
  expect(ran.of("FrameCommitted")).toHaveLength(1);
});

test.each(["constructor", "toString", "hasOwnProperty"])("a node may be called %s, and be depended on", async (id) => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id={id} output={outputs.result}>
          {{ value: 20 }}
        </Task>
        <Task id="after" output={outputs.result} deps={{ [id]: outputs.result }}>
          {(deps: any) => ({ value: deps[id].value + 1 })}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", output: { value: 21 } });
});
