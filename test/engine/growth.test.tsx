/** @jsxImportSource smithers-orchestrator */
import { describe, expect, test } from "bun:test";
import { createSmithers, Loop, Sequence, Task, TryCatchFinally, Workflow } from "smithers-orchestrator";
import { z } from "zod";
// The build that servers use; the test would load the development build.
import { React } from "../../src/jsx/react.ts";
import { longestBlock } from "../support/longest-block.ts";
import { run } from "../support/run.ts";

const { smithers, outputs } = createSmithers({ r: z.object({ i: z.number() }) });
const literal = (id: string, i: number) => (
  <Task key={id} id={id} output={outputs.r}>
    {{ i }}
  </Task>
);
const task = (id: string, i = 0) => (
  <Task key={id} id={id} output={outputs.r} retries={0}>
    {() => ({ i })}
  </Task>
);
const numbers = (length: number) => Array.from({ length }, (_, i) => i);

test("a tree that mounts one literal more at each rendering fails with the ids that grow", async () => {
  const began = performance.now();
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="grow">{numbers(ctx.outputs("r").length + 1).map((i) => literal(`g${i}`, i))}</Workflow>
    )),
  );
  expect(ran.error).toMatchObject({ code: "RENDER_LOOP", details: { first: ["g1", "g2", "g3"] } });
  expect(ran.error!.message).toMatch(/ at each of (\d+) renderings in a row: "g1", "g2", "g3", … "g\1"\./);
  // After ten seconds, as a busy machine may take, fewer renderings are enough.
  if (performance.now() - began < 10_000) expect(ran.error!.message).toContain('… "g1001"');
});

test("a tree of a thousand levels is planned at once, and one that contains itself fails", async () => {
  const Nested = ({ levels }: { levels: number }): React.ReactElement => (
    <Sequence>
      {levels > 1 && <Nested levels={levels - 1} />}
      {literal(`n${levels}`, levels)}
    </Sequence>
  );
  const began = process.cpuUsage();
  const nested = (levels: number) => run(smithers(() => <Workflow name="deep">{<Nested levels={levels} />}</Workflow>));
  expect((await nested(1_000)).status).toBe("finished");
  // With one more walk over the rest of the tree at each level, it would take half a minute.
  expect(process.cpuUsage(began).user / 1_000).toBeLessThan(10_000);
  expect((await nested(Number.POSITIVE_INFINITY)).error).toMatchObject({
    code: "INVALID_WORKFLOW",
    message: expect.stringContaining("nested in more than 2000 levels"),
  });
});

test("handlers in handlers that fail, forty deep, fail their run at once", async () => {
  const Handled = ({ levels }: { levels: number }): React.ReactElement => (
    <TryCatchFinally
      id={`try${levels}`}
      try={
        <Task id={`t${levels}`} output={outputs.r} retries={0}>
          {() => {
            throw new Error(`level ${levels}`);
          }}
        </Task>
      }
      catch={levels > 1 ? <Handled levels={levels - 1} /> : task("last")}
    />
  );
  const ran = await run(smithers(() => <Workflow name="handlers">{<Handled levels={40} />}</Workflow>));
  expect(ran.status).toBe("finished");
  expect(Object.keys(ran.outputs)).toEqual(["last"]);
});

let counter = 0;
const module: string[] = [];
function Counted() {
  const count = React.useRef(0);
  count.current += 1;
  return task(`hook${count.current}`);
}
const unstable: [string, () => React.ReactElement][] = [
  ["a counter", () => task(`count${counter++}`)],
  ["a counter, with a literal", () => literal(`count${counter++}`, 0)],
  ["a random number", () => task(crypto.randomUUID())],
  ["a hook", () => <Counted />],
  [
    "a list that each rendering makes longer",
    () => {
      module.push(`m${module.length}`);
      return <>{module.map((id) => task(id))}</>;
    },
  ],
];

describe.each(unstable)("ids from %s", (_, make) => {
  test("fail the run with RENDER_LOOP before many tasks have run", async () => {
    const ran = await run(smithers(() => <Workflow name="ids">{make()}</Workflow>));
    expect(ran.error).toMatchObject({
      code: "RENDER_LOOP",
      message: expect.stringMatching(/"[\w-]+".* became .*"[\w-]+"|adds "m2"/),
    });
    expect(Object.keys(ran.nodes).length).toBeLessThan(10);
  });
});

const ending: [string, number, ReturnType<typeof smithers>][] = [
  [
    "literals that each unlock the next",
    300,
    smithers((ctx) => (
      <Workflow name="w">
        {numbers(Math.min(ctx.outputs("r").length + 1, 300)).map((i) => literal(`g${i}`, i))}
      </Workflow>
    )),
  ],
  [
    "tasks whose id says the step",
    40,
    smithers((ctx) => {
      const step = ctx.outputs("r").length;
      return <Workflow name="w">{step < 40 ? task(`step${step}`, step) : literal("step39", 39)}</Workflow>;
    }),
  ],
  [
    "a loop of literals",
    1_200,
    smithers((ctx) => (
      <Workflow name="w">
        <Loop id="l" until={ctx.outputs("r").length >= 1_200} maxIterations={2_000}>
          {literal("t", ctx.iteration)}
        </Loop>
      </Workflow>
    )),
  ],
  [
    "many literals at once",
    1_200,
    smithers(() => <Workflow name="w">{numbers(1_200).map((i) => literal(`g${i}`, i))}</Workflow>),
  ],
  [
    "many tasks at once",
    500,
    smithers(() => <Workflow name="w">{numbers(500).map((i) => task(`g${i}`, i))}</Workflow>),
  ],
];

test.each(ending)("%s come to an end, each node once and in order", async (_, count, workflow) => {
  const begin = performance.now();
  const ran = await run(workflow);
  const seconds = (performance.now() - begin) / 1_000;
  expect(ran.error).toBeUndefined();
  expect(ran.status).toBe("finished");
  expect(ran.of("NodeFinished")).toHaveLength(count);
  expect(ran.of("NodePending")).toHaveLength(count);
  expect(ran.of("FrameCommitted").map(({ frameNo }) => frameNo)).toEqual(
    numbers(ran.of("FrameCommitted").length).map((i) => i + 1),
  );
  // While only literals lie between, several frames are one, for a second at most.
  if (ran.of("NodeStarted").length === 0) expect(ran.of("FrameCommitted").length).toBeLessThan(seconds + 4);
});

test("other code of the process runs while a large tree is mounted and folded", async () => {
  const longest = await longestBlock(() =>
    run(smithers(() => <Workflow name="w">{numbers(4_000).map((i) => literal(`g${i}`, i))}</Workflow>)),
  );
  // A rendering of this tree takes some 40 ms where nothing else runs, and all of it more than a second.
  expect(longest).toBeLessThan(500);
});
