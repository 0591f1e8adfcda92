/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, Parallel, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { run } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({ result: z.object({ value: z.number() }) });

const fail = (message = "broken") => {
  throw new Error(message);
};

test("a task that has failed for good fails the run, and what follows is not run", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="bad" output={outputs.result} retries={0}>
          {() => fail()}
        </Task>
        <Task id="after" output={outputs.result}>
          {{ value: 1 }}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "failed", error: { code: "TASK_FAILED", message: "broken", nodeId: "bad" } });
  expect(ran.states).toEqual({ bad: "failed", after: "pending" });
  expect(ran.stored.error).toEqual(ran.error!);
  expect(ran.events.at(-1)).toMatchObject({ type: "RunFailed", error: { nodeId: "bad" } });
});

test("with continueOnFail the run continues, and tasks that only wait for the failed one run", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="bad" output={outputs.result} retries={0} continueOnFail>
          {() => fail()}
        </Task>
        <Task id="waits" output={outputs.result} dependsOn={["bad"]}>
          {{ value: 1 }}
        </Task>
        <Task id="reads" output={outputs.result} deps={{ bad: outputs.result }}>
          {({ bad }) => bad}
        </Task>
      </Workflow>
    )),
  );
  expect(ran.status).toBe("finished");
  expect(ran.error).toBeUndefined();
  expect(ran.states).toEqual({ bad: "failed", waits: "finished", reads: "skipped" });
  expect(ran.nodes.bad!.error).toMatchObject({ code: "TASK_FAILED", message: "broken" });
});

test("tasks that run next to a failing one end first, and their results are kept", async () => {
  const failed = Promise.withResolvers<void>();
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Parallel>
          <Task id="bad" output={outputs.result} retries={0}>
            {() => fail()}
          </Task>
          <Task id="slow" output={outputs.result}>
            {async () => {
              await failed.promise;
              return { value: 1 };
            }}
          </Task>
        </Parallel>
      </Workflow>
    )),
    { onProgress: ({ type }) => type === "NodeFailed" && failed.resolve() },
  );
  expect(ran).toMatchObject({ status: "failed", states: { bad: "failed", slow: "finished" } });
});

test("the error is that of the failed task that comes first in the plan", async () => {
  const second = Promise.withResolvers<void>();
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Parallel>
          <Task id="first" output={outputs.result} retries={0}>
            {async () => {
              await second.promise;
              return fail("first");
            }}
          </Task>
          <Task id="second" output={outputs.result} retries={0}>
            {() => fail("second")}
          </Task>
        </Parallel>
      </Workflow>
    )),
    { onProgress: ({ type }) => type === "NodeFailed" && second.resolve() },
  );
  expect(ran.error).toMatchObject({ message: "first", nodeId: "first" });
});

test.each([
  ["a string", "just text", "just text"],
  ["an object", { why: 1 }, '{"why":1}'],
  ["nothing", undefined, "undefined"],
  ["an error without a message", new RangeError(), "RangeError"],
])("%s that is thrown becomes a message", async (_, thrown, message) => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="bad" output={outputs.result} retries={0}>
          {() => {
            throw thrown;
          }}
        </Task>
      </Workflow>
    )),
  );
  expect(ran.error).toMatchObject({ code: "TASK_FAILED", message, nodeId: "bad" });
});
