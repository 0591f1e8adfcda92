/** @jsxImportSource smithers-orchestrator */
import { describe, expect, test } from "bun:test";
import { Branch, createSmithers, Loop, Parallel, Sequence, WaitForEvent, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { inStore, type Ran, run } from "../support/run.ts";

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

test("an `until` that becomes true in the last iteration does not fail the run", async () => {
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

test("loops in sequences and next to each other have their own iterations", async () => {
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

test("a component in a loop sees the iteration of that loop", async () => {
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

test("a loop continues after an iteration whose task failed or was skipped", async () => {
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

const reach = (ran: Ran) => started(ran).map((name) => name.replace(/@@.*(\d)$/, "/$1"));

describe("what stands outside of a loop", () => {
  /** A draft that is good in its third iteration, 60 ms after its start. */
  const drafts = (last: { value: number } | undefined) => (
    <Loop id="l" until={(last?.value ?? 0) >= 3}>
      <Task id="draft" output={outputs.result}>
        {() => ({ value: (last?.value ?? 0) + 1 })}
      </Task>
    </Loop>
  );

  test("sees the last value of what it depends on, once the loop is over", async () => {
    const ran = await run(
      smithers((ctx) => (
        <Workflow name="test">
          <Parallel>
            <Task id="publish" output={outputs.result} deps={{ draft: outputs.result }}>
              {({ draft }) => ({ value: draft.value * 10 })}
            </Task>
            {drafts(ctx.latest(outputs.result, "draft"))}
          </Parallel>
        </Workflow>
      )),
    );
    expect(ran).toMatchObject({ status: "finished", outputs: { publish: { value: 30 } } });
    expect(started(ran)).toEqual(["draft0", "draft1", "draft2", "publish0"]);
  });

  test("waits for the loop also without its value", async () => {
    const ran = await run(
      smithers((ctx) => (
        <Workflow name="test">
          <Parallel>
            {drafts(ctx.latest(outputs.result, "draft"))}
            <Task id="publish" output={outputs.result} dependsOn={["draft"]}>
              {() => ({ value: 1 })}
            </Task>
          </Parallel>
        </Workflow>
      )),
    );
    expect(started(ran).at(-1)).toBe("publish0");
    expect(started(ran)).toHaveLength(4);
  });

  test("runs after a loop that was over before it began, unless it needs values of its nodes: then it is skipped", async () => {
    const ran = await run(
      smithers(() => (
        <Workflow name="test">
          <Loop until>
            <Step id="a" />
          </Loop>
          <Task id="after" output={outputs.result} dependsOn={["a"]}>
            {() => ({ value: 1 })}
          </Task>
          <Task id="needs" output={outputs.result} deps={{ a: outputs.result }}>
            {({ a }) => a}
          </Task>
        </Workflow>
      )),
    );
    expect(ran).toMatchObject({ status: "finished", states: { after: "finished", needs: "skipped" } });
  });

  test("gets the value of the last iteration when the loop ran out of iterations", async () => {
    const ran = await run(
      smithers(() => (
        <Workflow name="test">
          <Parallel>
            <Task id="publish" output={outputs.result} deps={{ a: outputs.result }}>
              {({ a }) => a}
            </Task>
            <Loop until={false} maxIterations={3}>
              <Step id="a" />
            </Loop>
          </Parallel>
        </Workflow>
      )),
    );
    expect(ran).toMatchObject({ status: "finished", outputs: { publish: { value: 2 } } });
  });
});

test("a dependency inside of a loop is of the same iteration", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Loop until={false} maxIterations={2}>
          <Parallel>
            <Task id="b" output={outputs.result} deps={{ a: outputs.result }}>
              {({ a }) => a}
            </Task>
            <Step id="a" />
          </Parallel>
        </Loop>
      </Workflow>
    )),
  );
  expect(started(ran)).toEqual(["a0", "b0", "a1", "b1"]);
  expect(ran.outputs["b#1"]).toEqual({ value: 1 });
});

test("several loops need no ids, one after the other, side by side, or behind a condition that changes", async () => {
  const twice = (id: string, count: number) => (
    <Loop until={count >= 2}>
      <Step id={id} />
    </Loop>
  );
  const ran = await run(
    smithers((ctx) => {
      const count = (id: string) => ctx.iterationCount("result", id);
      return (
        <Workflow name="test">
          {count("a") === 0 ? <Step id="first" /> : null}
          {twice("a", count("a"))}
          <Parallel>
            {twice("b", count("b"))}
            {twice("c", count("c"))}
          </Parallel>
        </Workflow>
      );
    }),
  );
  expect(ran.status).toBe("finished");
  expect(started(ran).sort()).toEqual(["a0", "a1", "b0", "b1", "c0", "c1", "first0"]);
  expect(Object.values(ran.stored.loops)).toEqual([1, 1, 1]);
});

test("a loop without an id is resumed in its iteration", async () => {
  let broken = true;
  const workflow = smithers(() => (
    <Workflow name="test">
      <Loop until={false} maxIterations={3}>
        <Task id="a" output={outputs.result} retries={0}>
          {({ iteration }) => {
            if (iteration === 1 && broken) throw new Error("broken");
            return { value: iteration };
          }}
        </Task>
        <Inside />
      </Loop>
    </Workflow>
  ));
  const Inside = () => {
    const { iteration } = useCtx();
    return (
      <Task id="b" output={outputs.result}>
        {() => ({ value: iteration * 100 })}
      </Task>
    );
  };
  const failed = await run(workflow);
  expect(failed.status).toBe("failed");
  broken = false;
  const ran = await run(workflow, { db: failed.db, runId: failed.runId, resume: true });
  expect(ran.status).toBe("finished");
  expect([ran.outputs.b, ran.outputs["b#1"], ran.outputs["b#2"]]).toEqual([
    { value: 0 },
    { value: 100 },
    { value: 200 },
  ]);
});

describe("a loop in a loop", () => {
  const Inner = () => {
    const ctx = useCtx();
    return (
      <Loop id="inner" until={(ctx.latest("result", "i")?.value ?? 0) >= 1}>
        <Step id="i" />
      </Loop>
    );
  };

  test("starts again in each iteration of the outer loop, and its nodes have ids of their own", async () => {
    const ran = await run(
      smithers(() => (
        <Workflow name="test">
          <Loop id="outer" until={false} maxIterations={2}>
            <Step id="o" />
            <Inner />
            <Step id="p" />
          </Loop>
          <Step id="end" />
        </Workflow>
      )),
    );
    expect(ran.status).toBe("finished");
    expect(reach(ran)).toEqual(["o0", "i/0", "i/1", "p0", "o1", "i/0", "i/1", "p1", "end0"]);
    expect(
      Object.keys(ran.states)
        .filter((id) => id.startsWith("i"))
        .sort(),
    ).toEqual(["i@@outer=0", "i@@outer=0#1", "i@@outer=1", "i@@outer=1#1"]);
    expect(ran.stored.loops).toEqual({ outer: 1, "inner@@outer=0": 1, "inner@@outer=1": 1 });
  });

  test("may stand directly in the other, and three deep", async () => {
    const ran = await run(
      smithers(() => (
        <Workflow name="test">
          <Loop until={false} maxIterations={2}>
            <Loop until={false} maxIterations={2}>
              <Parallel>
                <Loop until={false} maxIterations={2}>
                  <Step id="deep" />
                </Loop>
              </Parallel>
            </Loop>
          </Loop>
        </Workflow>
      )),
    );
    expect(ran.status).toBe("finished");
    expect(started(ran)).toHaveLength(8);
    expect(new Set(Object.keys(ran.states)).size).toBe(8);
  });

  test("ctx speaks of the current iteration of each, inside, outside, and by a node's whole id", async () => {
    const seen: unknown[] = [];
    const ran = await run(
      smithers((ctx) => {
        seen.push(ctx.outputMaybe("result", { nodeId: "i" })?.value);
        return (
          <Workflow name="test">
            <Loop id="outer" until={false} maxIterations={2}>
              <Loop id="inner" until={ctx.iterationCount("result", "i") >= 2}>
                <Step id="i" />
              </Loop>
            </Loop>
            <Task id="end" output={outputs.result} dependsOn={["i"]}>
              {() => ({ value: ctx.output("result", { nodeId: "i@@outer=0", iteration: 1 }).value })}
            </Task>
          </Workflow>
        );
      }),
    );
    expect(ran).toMatchObject({ status: "finished", outputs: { end: { value: 1 } } });
    expect(started(ran)).toHaveLength(5);
    expect(seen.at(-1)).toBe(1);
  });

  test("is continued after a crash where it was", async () => {
    let broken = true;
    const workflow = smithers(() => (
      <Workflow name="test">
        <Loop id="outer" until={false} maxIterations={2}>
          <Loop until={false} maxIterations={2}>
            <Task id="i" output={outputs.result} retries={0}>
              {({ iteration, nodeId }) => {
                if (nodeId === "i@@outer=1" && iteration === 1 && broken) throw new Error("broken");
                return { value: iteration };
              }}
            </Task>
          </Loop>
        </Loop>
      </Workflow>
    ));
    const failed = await run(workflow);
    expect(failed).toMatchObject({ status: "failed", error: { nodeId: "i@@outer=1" } });
    broken = false;
    const ran = await run(workflow, { db: failed.db, runId: failed.runId, resume: true });
    expect(ran.status).toBe("finished");
    expect(ran.of("NodeStarted").map(({ nodeId, iteration }) => `${nodeId}#${iteration}`)).toEqual(["i@@outer=1#1"]);
  });
});

test("an `until` of undefined or null is false", async () => {
  for (const nothing of [undefined, null]) {
    const ran = await run(
      smithers((ctx) => (
        <Workflow name="test">
          <Loop until={ctx.iterationCount("result", "a") >= 2 ? true : nothing}>
            <Step id="a" />
          </Loop>
        </Workflow>
      )),
    );
    expect(started(ran)).toEqual(["a0", "a1"]);
  }
});

test.each([
  [
    "Loop",
    <Loop key="1" skipIf until={false}>
      <Step id="no" />
    </Loop>,
  ],
  ["Branch", <Branch key="1" skipIf if then={<Step id="no" />} else={<Step id="no" />} />],
])("skipIf of %s leaves out what stands in it", async (_, tree) => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        {tree}
        <Step id="end" />
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", states: { end: "finished" } });
  expect(started(ran)).toEqual(["end0"]);
});

test("skipIf of the Workflow ends the run at once", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test" skipIf>
        <Step id="no" />
      </Workflow>
    )),
  );
  expect([ran.status, ran.states]).toEqual(["finished", {}]);
});

test("a body whose loop an edit removes keeps what it has finished, and is read where it stands now", async () => {
  const workflow = (isLoop: boolean) =>
    smithers((ctx) => {
      const a = <Step id="a" />;
      return (
        <Workflow name="test">
          {isLoop ? (
            <Loop id="l" until={false} maxIterations={3}>
              {a}
            </Loop>
          ) : (
            a
          )}
          <WaitForEvent id="hold" event="hold" output={outputs.result} />
          <Task id="end" output={outputs.result} deps={{ a: outputs.result }}>
            {({ a }) => ({ value: a.value + (ctx.outputMaybe("result", { nodeId: "a" })?.value ?? 1_000) })}
          </Task>
        </Workflow>
      );
    });
  const before = await run(workflow(true));
  expect(before.status).toBe("waiting-event");
  await inStore(before.db, (store) =>
    store.receiveSignal({ runId: before.runId, name: "hold", data: { value: 1 } }, Date.now()),
  );
  const ran = await run(workflow(false), { db: before.db, runId: before.runId, resume: true });
  expect(ran).toMatchObject({ status: "finished", outputs: { end: { value: 0 } } });
  expect(started(ran)).toEqual(["end0"]);
});
