/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { type Ran, run } from "../support/run.ts";

const { smithers, outputs, Task, Sequence, Parallel, Branch } = createSmithers({
  result: z.object({ value: z.number() }),
});

const Step = ({ id }: { id: string }) => (
  <Task id={id} output={outputs.result}>
    {async () => {
      await Promise.resolve();
      return { value: 1 };
    }}
  </Task>
);

/** Which tasks have started, and ended, in that order. */
const course = ({ events }: Ran) =>
  events.flatMap((event) => {
    if (event.type === "NodeStarted") return `+${event.nodeId}`;
    return event.type === "NodeFinished" ? `-${event.nodeId}` : [];
  });

/** The most tasks that were under way at once. */
const peak = (ran: Ran) => {
  let now = 0;
  return Math.max(...course(ran).map((step) => (now += step.startsWith("+") ? 1 : -1)));
};

const ids = Array.from({ length: 8 }, (_, index) => `t${index}`);

test("Workflow and Sequence run their children one after the other", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Step id="a" />
        <Sequence>
          <Step id="b" />
          <Step id="c" />
        </Sequence>
        <Step id="d" />
      </Workflow>
    )),
  );
  expect(course(ran)).toEqual(["+a", "-a", "+b", "-b", "+c", "-c", "+d", "-d"]);
});

test("Parallel starts its children together, and what follows waits for all", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Parallel>
          <Step id="a" />
          <Sequence>
            <Step id="b" />
            <Step id="c" />
          </Sequence>
        </Parallel>
        <Step id="d" />
      </Workflow>
    )),
  );
  expect(course(ran).slice(0, 2)).toEqual(["+a", "+b"]);
  expect(course(ran).slice(-3)).toEqual(["-c", "+d", "-d"]);
});

test("never more than maxConcurrency run at once, and no fewer where they could", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Parallel maxConcurrency={3}>
          {ids.map((id) => (
            <Step key={id} id={id} />
          ))}
        </Parallel>
      </Workflow>
    )),
  );
  expect(ran.status).toBe("finished");
  expect(peak(ran)).toBe(3);
  expect(ran.of("NodeStarted").map(({ nodeId }) => nodeId)).toEqual(ids);
});

test("a limit holds for all that is below it, and the narrower of two counts", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Parallel maxConcurrency={2}>
          <Parallel maxConcurrency={5}>
            {ids.slice(0, 4).map((id) => (
              <Step key={id} id={id} />
            ))}
          </Parallel>
          <Sequence>
            {ids.slice(4).map((id) => (
              <Step key={id} id={id} />
            ))}
          </Sequence>
        </Parallel>
      </Workflow>
    )),
  );
  expect(ran.of("NodeFinished")).toHaveLength(8);
  expect(peak(ran)).toBe(2);
});

test("the maxConcurrency of runWorkflow holds for the whole run", async () => {
  const workflow = smithers(() => (
    <Workflow name="test">
      <Parallel>
        {ids.map((id) => (
          <Step key={id} id={id} />
        ))}
      </Parallel>
    </Workflow>
  ));
  expect(peak(await run(workflow, { maxConcurrency: 2 }))).toBe(2);
  expect(peak(await run(workflow))).toBe(4);
  expect(peak(await run(workflow, { maxConcurrency: Number.POSITIVE_INFINITY }))).toBe(8);
});

test.each([0, -1, 1.5, Number.NaN, "2" as never])("a maxConcurrency of %p is refused", async (maxConcurrency) => {
  const workflow = smithers(() => <Workflow name="test" />);
  await expect(run(workflow, { maxConcurrency })).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
});

test("a task that waits for its retry takes no place", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Parallel maxConcurrency={1}>
          <Task id="flaky" output={outputs.result} retryPolicy={{ initialDelayMs: 20 }}>
            {({ attempt }) => {
              if (attempt === 1) throw new Error("flaky");
              return { value: 1 };
            }}
          </Task>
          <Step id="other" />
        </Parallel>
      </Workflow>
    )),
  );
  expect(course(ran)).toEqual(["+flaky", "+other", "-other", "+flaky", "-flaky"]);
});

test("skipIf leaves a Sequence or a Parallel out", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Sequence skipIf>
          <Step id="a" />
        </Sequence>
        <Parallel skipIf>
          <Step id="b" />
        </Parallel>
        <Step id="c" />
      </Workflow>
    )),
  );
  expect(ran.states).toEqual({ c: "finished" });
});

test("Branch mounts one side, as stored outputs say", async () => {
  const workflow = smithers((ctx) => (
    <Workflow name="test">
      <Task id="check" output={outputs.result}>
        {() => ({ value: ctx.input.value })}
      </Task>
      <Sequence>
        {ctx.outputs.result.length > 0 && (
          <Branch
            if={ctx.output(outputs.result, { nodeId: "check" }).value > 5}
            then={<Step id="large" />}
            else={<Step id="small" />}
          />
        )}
        <Branch if={ctx.input.value > 100} then={<Step id="huge" />} />
      </Sequence>
    </Workflow>
  ));
  expect(Object.keys((await run(workflow, { input: { value: 9 } })).states)).toEqual(["check", "large"]);
  expect(Object.keys((await run(workflow, { input: { value: 1 } })).states)).toEqual(["check", "small"]);
  expect(Object.keys((await run(workflow, { input: { value: 999 } })).states)).toEqual(["check", "large", "huge"]);
});

test("nodes are listed in plan order, also those that were mounted later between others", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Step id="d" />
        {ctx.outputs.result.length > 0 && <Step id="a" />}
        <Step id="c" />
        {ctx.outputs.result.length > 1 && <Step id="b" />}
      </Workflow>
    )),
  );
  expect(Object.keys(ran.nodes)).toEqual(["d", "a", "c", "b"]);
});

const many = Array.from({ length: 600 }, (_, index) => `m${index}`);
const large = smithers(() => (
  <Workflow name="large">
    <Parallel>
      {many.map((id) => (
        <Step key={id} id={id} />
      ))}
    </Parallel>
    <Step id="after" />
  </Workflow>
));

test("of a large tree, what is mounted starts before the rest is mounted", async () => {
  const ran = await run(large, { maxConcurrency: 1_000 });
  const places = (type: string) => ran.events.flatMap((event, index) => (event.type === type ? index : []));
  expect(places("NodeStarted")[0]).toBeLessThan(places("NodePending").at(-1)!);
  const steps = course(ran);
  expect(steps.filter((step) => step.startsWith("+"))).toEqual([...many, "after"].map((id) => `+${id}`));
  expect(steps.slice(-2)).toEqual(["+after", "-after"]);
  const started = new Set<string>();
  for (const event of ran.events) {
    if (event.type === "NodeStarted") started.add(event.nodeId);
    if (event.type === "NodePending") expect(started.has(event.nodeId)).toBe(false);
  }
});

test("a limit holds while a large tree is mounted", async () => {
  const ran = await run(large, { maxConcurrency: 3 });
  expect(peak(ran)).toBe(3);
  expect(course(ran).length).toBe(2 * (many.length + 1));
});
