/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, Loop, Parallel, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { newDatabase, run } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({ result: z.object({ value: z.number() }) });

/** A workflow of three tasks whose second fails while `broken` says so, and how often each was executed. */
function fragile() {
  const world = { broken: true, calls: [] as string[] };
  const step = (id: string) => (
    <Task id={id} key={id} output={outputs.result} retries={0}>
      {() => {
        world.calls.push(id);
        if (id === "b" && world.broken) throw new Error("broken");
        return { value: world.calls.length };
      }}
    </Task>
  );
  const workflow = smithers(() => <Workflow name="test">{["a", "b", "c"].map(step)}</Workflow>);
  return { world, workflow };
}

test("a resumed run does what had failed and what follows, and nothing that had finished", async () => {
  const { world, workflow } = fragile();
  const failed = await run(workflow, { runId: "r" });
  expect(failed).toMatchObject({ status: "failed", states: { a: "finished", b: "failed", c: "pending" } });

  world.broken = false;
  const resumed = await run(workflow, { db: failed.db, runId: "r", resume: true });
  expect(resumed).toMatchObject({ runId: "r", status: "finished", output: { value: 4 }, stored: { error: null } });
  expect(resumed.error).toBeUndefined();
  expect(world.calls).toEqual(["a", "b", "b", "c"]);
  expect(resumed.outputs).toEqual({ a: { value: 1 }, b: { value: 3 }, c: { value: 4 } });
});

test("a resumed node continues its attempt numbers and gets all its retries again", async () => {
  let calls = 0;
  const workflow = smithers(() => (
    <Workflow name="test">
      <Task id="a" output={outputs.result} retries={1} retryPolicy={{ initialDelayMs: 1 }}>
        {({ attempt }) => {
          calls += 1;
          if (calls < 4) throw new Error("flaky");
          return { value: attempt };
        }}
      </Task>
    </Workflow>
  ));
  const failed = await run(workflow, { runId: "r" });
  expect(failed.nodes.a!.attempt).toBe(2);
  const resumed = await run(workflow, { db: failed.db, runId: "r", resume: true });
  expect(resumed).toMatchObject({ status: "finished", output: { value: 4 } });
});

test("a resumed run continues its event log", async () => {
  const { world, workflow } = fragile();
  const failed = await run(workflow, { runId: "r" });
  world.broken = false;
  const resumed = await run(workflow, { db: failed.db, runId: "r", resume: true });
  expect(resumed.stored.lastSeq).toBe(failed.events.length + resumed.events.length);
  expect(resumed.events[0]).toMatchObject({ type: "RunStatusChanged", status: "running" });
  expect(resumed.of("RunStarted")).toEqual([]);
});

test("a loop is resumed in the iteration that failed", async () => {
  const started: number[] = [];
  const workflow = smithers((ctx) => (
    <Workflow name="test">
      <Loop until={ctx.iterationCount("result", "a") === 3}>
        <Task id="a" output={outputs.result} retries={0}>
          {({ iteration }) => {
            started.push(iteration);
            if (started.length === 2) throw new Error("broken");
            return { value: iteration };
          }}
        </Task>
      </Loop>
    </Workflow>
  ));
  const failed = await run(workflow, { runId: "r" });
  const resumed = await run(workflow, { db: failed.db, runId: "r", resume: true });
  expect(resumed.status).toBe("finished");
  expect(started).toEqual([0, 1, 1, 2]);
});

test("what was cancelled by the run's failure runs after the resume", async () => {
  let broken = true;
  const workflow = smithers((ctx) => (
    <Workflow name="test">
      <Parallel>
        <Task id="bad" output={outputs.result} retries={0}>
          {() => {
            if (broken) throw new Error("broken");
            return { value: 1 };
          }}
        </Task>
        <Task id="other" output={outputs.result} dependsOn={["bad"]}>
          {() => ({ value: ctx.input.n })}
        </Task>
      </Parallel>
    </Workflow>
  ));
  const failed = await run(workflow, { runId: "r", input: { n: 7 } });
  broken = false;
  const resumed = await run(workflow, { db: failed.db, runId: "r", resume: true });
  expect(resumed).toMatchObject({ status: "finished", outputs: { other: { value: 7 } } });
});

test("a resumed run may use changed code", async () => {
  const { workflow } = fragile();
  const { db } = await run(workflow, { runId: "r" });
  const repaired = smithers((ctx) => (
    <Workflow name="test">
      <Task id="a" output={outputs.result}>
        {() => ({ value: -1 })}
      </Task>
      <Task id="b" output={outputs.result}>
        {() => ({ value: ctx.output(outputs.result, { nodeId: "a" }).value + 1 })}
      </Task>
    </Workflow>
  ));
  expect(await run(repaired, { db, runId: "r", resume: true })).toMatchObject({
    status: "finished",
    output: { value: 2 },
  });
});

test("resume names a run that is there and has not ended for good", async () => {
  const { world, workflow } = fragile();
  world.broken = false;
  const { db } = await run(workflow, { runId: "r" });
  const refused = (options: object) => expect(run(workflow, { db, ...options })).rejects;
  await refused({ resume: true }).toMatchObject({ code: "RUN_ID_REQUIRED" });
  await refused({ resume: true, runId: "none" }).toMatchObject({ code: "RUN_NOT_FOUND" });
  await refused({ resume: true, runId: "r" }).toMatchObject({ code: "RUN_NOT_ACTIVE" });
  await refused({ runId: "r" }).toMatchObject({ code: "RUN_ALREADY_EXISTS" });
});

test("a run that another call executes is RUN_IN_PROGRESS", async () => {
  const db = newDatabase();
  const begun = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const workflow = smithers(() => (
    <Workflow name="test">
      <Task id="a" output={outputs.result}>
        {async () => {
          begun.resolve();
          await finish.promise;
          return { value: 1 };
        }}
      </Task>
    </Workflow>
  ));
  const first = run(workflow, { db, runId: "r" });
  await begun.promise;
  await expect(run(workflow, { db, runId: "r", resume: true })).rejects.toMatchObject({ code: "RUN_IN_PROGRESS" });
  finish.resolve();
  expect((await first).status).toBe("finished");
});
