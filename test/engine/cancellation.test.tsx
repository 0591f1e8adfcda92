/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, Parallel, type TaskContext, Timer, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { run } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({ result: z.object({ value: z.number() }) });

/** Works until it is told to stop. */
const untilAborted = ({ signal }: TaskContext) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

test("aborting the signal given to runWorkflow ends the run cancelled and aborts the task's signal", async () => {
  const caller = new AbortController();
  let signal: AbortSignal | undefined;
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="a" output={outputs.result}>
          {(task) => {
            signal = task.signal;
            caller.abort();
            return untilAborted(task);
          }}
        </Task>
        <Task id="b" output={outputs.result}>
          {{ value: 1 }}
        </Task>
      </Workflow>
    )),
    { signal: caller.signal },
  );
  expect(ran).toMatchObject({ status: "cancelled", states: { a: "cancelled", b: "cancelled" } });
  expect(ran.error).toBeUndefined();
  expect(signal!.reason).toMatchObject({ code: "TASK_CANCELLED" });
  expect(ran.events.at(-1)!.type).toBe("RunCancelled");
  expect(ran.of("NodeCancelled").map(({ nodeId }) => nodeId)).toEqual(["a", "b"]);
});

test("every task that runs is aborted, and what has finished stays", async () => {
  const caller = new AbortController();
  const aborted: string[] = [];
  const work = (task: TaskContext) => {
    task.signal.addEventListener("abort", () => aborted.push(task.nodeId));
    if (task.nodeId === "c") caller.abort();
    return untilAborted(task);
  };
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="a" output={outputs.result}>
          {() => ({ value: 1 })}
        </Task>
        <Parallel>
          <Task id="b" output={outputs.result}>
            {work}
          </Task>
          <Task id="c" output={outputs.result}>
            {work}
          </Task>
        </Parallel>
      </Workflow>
    )),
    { signal: caller.signal },
  );
  expect(ran.states).toEqual({ a: "finished", b: "cancelled", c: "cancelled" });
  expect(ran).toMatchObject({ status: "cancelled", output: { value: 1 } });
  expect(aborted).toEqual(["b", "c"]);
});

test("code that does not listen keeps no cancellation back", async () => {
  const caller = new AbortController();
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="deaf" output={outputs.result}>
          {() => {
            caller.abort();
            return new Promise<never>(() => {});
          }}
        </Task>
      </Workflow>
    )),
    { signal: caller.signal },
  );
  expect(ran.status).toBe("cancelled");
});

test("a signal that is aborted already cancels the run before its work is done", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="a" output={outputs.result}>
          {untilAborted}
        </Task>
      </Workflow>
    )),
    { signal: AbortSignal.abort() },
  );
  expect(ran.status).toBe("cancelled");
});

test("a run that waits for a timer is cancelled too", async () => {
  const caller = new AbortController();
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Timer id="long" duration="1h" />
      </Workflow>
    )),
    { signal: caller.signal, onProgress: ({ type }) => type === "NodeWaitingTimer" && caller.abort() },
  );
  expect(ran).toMatchObject({ status: "cancelled", states: { long: "cancelled" } });
  expect(ran.of("TimerCancelled")).toHaveLength(1);
});

test("a task between two attempts is cancelled, and not tried again", async () => {
  const caller = new AbortController();
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="flaky" output={outputs.result} retryPolicy={{ initialDelayMs: 60_000 }}>
          {() => {
            throw new Error("flaky");
          }}
        </Task>
      </Workflow>
    )),
    { signal: caller.signal, onProgress: ({ type }) => type === "NodeRetrying" && caller.abort() },
  );
  expect(ran).toMatchObject({ status: "cancelled", nodes: { flaky: { state: "cancelled", attempt: 1 } } });
});

test("a cancelled run cannot be resumed", async () => {
  const workflow = smithers(() => (
    <Workflow name="test">
      <Task id="a" output={outputs.result}>
        {untilAborted}
      </Task>
    </Workflow>
  ));
  const { db, runId } = await run(workflow, { signal: AbortSignal.abort() });
  await expect(run(workflow, { db, runId, resume: true })).rejects.toMatchObject({ code: "RUN_NOT_ACTIVE" });
});
