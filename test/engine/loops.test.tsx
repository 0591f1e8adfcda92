/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, Loop, Parallel, Sequence, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { type Ran, run } from "../support/run.ts";

const { smithers, outputs, Task, useCtx } = createSmithers({ result: z.object({ value: z.number() }) });

const Step = ({ id }: { id: string }) => (
  <Task id={id} output={outputs.result}>
    {({ iteration }) => ({ value: iteration })}
  </Task>
);

const started = (ran: Ran) => ran.of("NodeStarted").map(({ nodeId, iteration }) => `${nodeId}${iteration}`);

test("a Loop repeats its body in order until `until` is true, and keeps each iteration's outputs", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Step id="before" />
        <Loop id="l" until={ctx.iterationCount("result", "b") >= 3}>
          <Step id="a" />
          <Step id="b" />
        </Loop>
        <Step id="after" />
      </Workflow>
    )),
  );
  expect(ran.status).toBe("finished");
  expect(started(ran)).toEqual(["before0", "a0", "b0", "a1", "b1", "a2", "b2", "after0"]);
  expect([ran.outputs.a, ran.outputs["a#1"], ran.outputs["a#2"]]).toEqual([{ value: 0 }, { value: 1 }, { value: 2 }]);
});

test("a Loop needs no id when it is the only one", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Loop until={ctx.iterationCount("result", "a") === 2}>
          <Step id="a" />
        </Loop>
      </Workflow>
    )),
  );
  expect(started(ran)).toEqual(["a0", "a1"]);
});

test("an `until` that is true before the first start leaves the body out", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Loop until>
          <Step id="a" />
        </Loop>
        <Step id="after" />
      </Workflow>
    )),
  );
  expect(ran.states).toEqual({ after: "finished" });
});

test("`until` is looked at only when the body has settled", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Loop until={ctx.iterationCount("result", "a") >= 1}>
          <Step id="a" />
          <Step id="b" />
        </Loop>
      </Workflow>
    )),
  );
  expect(started(ran)).toEqual(["a0", "b0"]);
});

test("an `until` that counts iterations leaves the last one out, and what follows reads the one before", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Loop until={ctx.iteration === 2}>
          <Step id="a" />
        </Loop>
        <Task id="after" output={outputs.result} deps={{ a: outputs.result }}>
          {({ a }) => ({ value: a.value + 10 })}
        </Task>
      </Workflow>
    )),
  );
  expect(started(ran)).toEqual(["a0", "a1", "after0"]);
  expect(ran.output).toEqual({ value: 11 });
});

test("after five iterations, unless maxIterations says otherwise, the last outputs stand", async () => {
  const loop = (maxIterations?: number) =>
    run(
      smithers(() => (
        <Workflow name="test">
          <Loop until={false} maxIterations={maxIterations}>
            <Step id="a" />
          </Loop>
          <Task id="after" output={outputs.result} deps={{ a: outputs.result }}>
            {({ a }) => a}
          </Task>
        </Workflow>
      )),
    );
  expect(await loop()).toMatchObject({ status: "finished", output: { value: 4 } });
  expect(await loop(2)).toMatchObject({ status: "finished", output: { value: 1 } });
  expect(await loop(1)).toMatchObject({ status: "finished", output: { value: 0 } });
});

test('onMaxReached="fail" fails the run with LOOP_MAX_REACHED', async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Loop id="polish" until={false} maxIterations={2} onMaxReached="fail">
          <Step id="a" />
        </Loop>
        <Step id="after" />
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "failed", error: { code: "LOOP_MAX_REACHED" } });
  expect(ran.error!.message).toContain('"polish"');
  expect(ran.states).toEqual({ a: "finished", "a#1": "finished", after: "pending" });
});

test("an `until` that comes true in the last iteration is no failure", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Loop until={ctx.iterationCount("result", "a") === 2} maxIterations={2} onMaxReached="fail">
          <Step id="a" />
        </Loop>
      </Workflow>
    )),
  );
  expect(ran.status).toBe("finished");
});

test("loops stand in sequences and beside one another, each with its own iterations", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Parallel>
          <Sequence>
            <Loop id="one" until={ctx.iterationCount("result", "a") === 2}>
              <Sequence>
                <Step id="a" />
              </Sequence>
            </Loop>
            <Step id="b" />
          </Sequence>
          <Loop id="two" until={ctx.iterationCount("result", "c") === 3}>
            <Parallel>
              <Step id="c" />
              <Step id="d" />
            </Parallel>
          </Loop>
        </Parallel>
      </Workflow>
    )),
  );
  const of = (id: string) => started(ran).filter((step) => step.startsWith(id));
  expect([of("a"), of("b"), of("c"), of("d")].flat()).toEqual(["a0", "a1", "b0", "c0", "c1", "c2", "d0", "d1", "d2"]);
});

test("tasks of a loop read from the iteration that they are in", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Task id="base" output={outputs.result}>
          {{ value: 100 }}
        </Task>
        <Loop until={ctx.iterationCount("result", "sum") === 3}>
          <Step id="a" />
          <Task id="sum" output={outputs.result} deps={{ a: outputs.result, base: outputs.result }}>
            {({ a, base }) => ({ value: base.value + a.value })}
          </Task>
        </Loop>
      </Workflow>
    )),
  );
  expect([ran.outputs.sum, ran.outputs["sum#1"], ran.outputs["sum#2"]]).toEqual([
    { value: 100 },
    { value: 101 },
    { value: 102 },
  ]);
});

test("a component in a loop is told the iteration of that loop", async () => {
  const Told = ({ id }: { id: string }) => {
    const { iteration } = useCtx();
    return (
      <Task id={id} output={outputs.result}>
        {{ value: iteration }}
      </Task>
    );
  };
  const ran = await run(
    smithers(({ outputs: { result } }) => (
      <Workflow name="test">
        <Loop id="one" until={result.filter(({ nodeId }) => nodeId === "a").length === 3}>
          <Told id="a" />
        </Loop>
        <Loop id="two" until={result.filter(({ nodeId }) => nodeId === "b").length === 2}>
          <Told id="b" />
        </Loop>
      </Workflow>
    )),
  );
  expect([ran.outputs["a#2"], ran.outputs.b, ran.outputs["b#1"]]).toEqual([{ value: 2 }, { value: 0 }, { value: 1 }]);
});

test("a loop goes on after an iteration whose task failed or was skipped", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Loop until={ctx.iteration === 3}>
          <Task id="a" output={outputs.result} continueOnFail retries={0} skipIf={ctx.iteration === 1}>
            {({ iteration }) => {
              if (iteration === 0) throw new Error("first");
              return { value: iteration };
            }}
          </Task>
        </Loop>
      </Workflow>
    )),
  );
  expect(ran.status).toBe("finished");
  expect(ran.states).toEqual({ a: "failed", "a#1": "skipped", "a#2": "finished" });
});
