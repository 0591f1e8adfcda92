/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, Loop, Sequence, Subflow, TryCatchFinally, useCtx, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { run } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({ result: z.object({ value: z.any() }) });

const step = (id: string, value: unknown = id) => (
  <Task id={id} output={outputs.result}>
    {() => ({ value })}
  </Task>
);

test("a component that reads ctx is rendered in every frame, also in a tree that is the same object each time", async () => {
  const Follower = () => {
    const first = useCtx().outputMaybe(outputs.result, { nodeId: "first" }) as { value: string } | undefined;
    return first ? step("second", `after ${first.value}`) : null;
  };
  const tree = (
    <Workflow name="test">
      <Sequence>
        {step("first")}
        <Follower />
      </Sequence>
    </Workflow>
  );
  expect(await run(smithers(() => tree))).toMatchObject({ status: "finished", output: { value: "after first" } });
});

test("what a result is cached by is asked for in every frame, also of a task that is the same object each time", async () => {
  const seen: unknown[] = [];
  const last = (
    <Task
      id="last"
      output={outputs.result}
      cache={{
        by: (ctx) => {
          seen.push(ctx.outputMaybe(outputs.result as never, { nodeId: "first" }));
          return null;
        },
      }}
    >
      {() => ({ value: "last" })}
    </Task>
  );
  const first = step("first");
  await run(
    smithers(() => (
      <Workflow name="test">
        {first}
        {last}
      </Workflow>
    )),
  );
  expect(seen[0]).toBeUndefined();
  expect(seen.at(-1)).toEqual({ value: "first" });
});

test("a task has the function of the element that stands for it now, wherever the element has stood before", async () => {
  const kept = step("last", "kept");
  const seen: string[] = [];
  const ran = await run(
    smithers((ctx) => {
      const count = ctx.outputs.result.length;
      seen.push(["kept", "new", "kept"][count]!);
      const last = count === 1 ? step("last", "new") : kept;
      return (
        <Workflow name="test">
          {count === 2 ? [<Sequence key="more" label="more" />] : []}
          {[
            ...(count === 2 ? [<Sequence key="before" />] : []),
            <Sequence key="steps">
              {step("a")}
              {step("b")}
            </Sequence>,
            <Sequence key="last">{last}</Sequence>,
          ]}
        </Workflow>
      );
    }),
  );
  expect(seen.slice(0, 3)).toEqual(["kept", "new", "kept"]);
  expect(ran.output).toEqual({ value: "kept" });
});

test("a task of a list that is the same object each time, but changed in place, is the one that is in it now", async () => {
  const list = [step("a"), step("b", "before")];
  const ran = await run(
    smithers((ctx) => {
      if (ctx.outputMaybe(outputs.result, { nodeId: "a" })) list[1] = step("b", "after");
      return <Workflow name="test">{list}</Workflow>;
    }),
  );
  expect(ran.output).toEqual({ value: "after" });
});

test("the nodes of a group that is left out later are not waited for", async () => {
  const group = [step("a"), step("never")];
  const ran = await run(
    smithers((ctx) => {
      const isOver = ctx.outputMaybe(outputs.result, { nodeId: "a" }) !== undefined;
      return (
        <Workflow name="test">
          <Sequence skipIf={isOver}>{group}</Sequence>
          <Task id="end" output={outputs.result} dependsOn={["never"]}>
            {() => ({ value: "end" })}
          </Task>
        </Workflow>
      );
    }),
  );
  expect(ran).toMatchObject({ status: "finished", output: { value: "end" } });
  expect(ran.of("NodeStarted").map(({ nodeId }) => nodeId)).toEqual(["a", "end"]);
});

test("a body that is the same object each time is repeated, handled and inlined as any other", async () => {
  const Count = () => {
    const { iteration } = useCtx();
    return step("count", iteration);
  };
  const looped = <Count />;
  const failing = (
    <Task id="failing" output={outputs.result} noRetry>
      {() => {
        throw new Error("no");
      }}
    </Task>
  );
  const inner = (
    <Workflow name="inner">
      {step("one")}
      {step("two", "inlined")}
    </Workflow>
  );
  const inlined = smithers(() => inner);
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Loop id="loop" until={ctx.iterationCount(outputs.result, "count") >= 3} maxIterations={9}>
          {looped}
        </Loop>
        <TryCatchFinally try={failing} catch={step("caught")} />
        <Subflow id="flow" output={outputs.result} workflow={inlined} mode="inline" />
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", output: { value: "inlined" } });
  expect(ran.of("NodeFinished").map(({ nodeId }) => nodeId)).toEqual([
    "count",
    "count",
    "count",
    "caught",
    "flow.one",
    "flow.two",
    "flow",
  ]);
});
