/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, Parallel, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { run } from "../support/run.ts";

const { smithers, outputs, Task, Loop } = createSmithers({
  input: z.object({ to: z.string().default("world") }),
  result: z.object({ value: z.number() }),
  name: z.string(),
});

test("ctx knows the run's id and its input, with the schema's defaults", async () => {
  const workflow = smithers(({ runId, input, iteration, auth }) => (
    <Workflow name="test">
      <Task id="a" output={outputs.name}>{`${runId} ${input.to} ${iteration} ${auth}`}</Task>
    </Workflow>
  ));
  expect((await run(workflow, { runId: "r1" })).output).toBe("r1 world 0 null");
  expect((await run(workflow, { runId: "r2", input: { to: "you", other: 1 } })).output).toBe("r2 you 0 null");
});

test("an input that does not fit starts no run", async () => {
  const workflow = smithers(() => <Workflow name="test" />);
  await expect(run(workflow, { input: { to: 1 } })).rejects.toMatchObject({
    code: "INVALID_INPUT",
    details: { issues: [{ path: ["to"] }] },
  });
});

test("outputMaybe is undefined before the node has finished, and its value after", async () => {
  const seen: unknown[] = [];
  await run(
    smithers((ctx) => {
      seen.push(ctx.outputMaybe(outputs.result, { nodeId: "a" })?.value);
      return (
        <Workflow name="test">
          <Task id="a" output={outputs.result}>
            {() => ({ value: 1 })}
          </Task>
        </Workflow>
      );
    }),
  );
  expect(seen[0]).toBeUndefined();
  expect(seen.at(-1)).toBe(1);
});

test("outputMaybe of another output than the node's is undefined", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Task id="a" output={outputs.result}>
          {{ value: 1 }}
        </Task>
        <Task id="b" output={outputs.name}>
          {() => `${ctx.outputMaybe(outputs.name, { nodeId: "a" })}`}
        </Task>
      </Workflow>
    )),
  );
  expect(ran.output).toBe("undefined");
});

test("ctx.output without a stored output throws MISSING_OUTPUT and fails the run", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Task id="a" output={outputs.result}>
          {ctx.output("result", { nodeId: "later", iteration: 2 })}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "failed", stored: { status: "failed" } });
  expect(ran.error).toMatchObject({
    code: "MISSING_OUTPUT",
    details: { nodeId: "later", iteration: 2, output: "result" },
  });
});

test("a key that does not exist is refused wherever ctx is asked for one value of it", async () => {
  for (const ask of [
    (ctx: any) => ctx.outputs(z.string()),
    (ctx: any) => ctx.output("nope", { nodeId: "a" }),
    (ctx: any) => ctx.outputMaybe("nope", { nodeId: "a" }),
    (ctx: any) => ctx.latest("nope", "a"),
    (ctx: any) => ctx.iterationCount(z.string(), "a"),
  ]) {
    const ran = await run(
      smithers((ctx) => {
        ask(ctx);
        return <Workflow name="test" />;
      }),
    );
    expect(ran).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
    expect(ran.error!.message).toContain("Known outputs: result, name");
  }
});

test("outputs lists the rows of a key with the node and iteration that made each", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Parallel>
          <Task id="a" output={outputs.result}>
            {{ value: 1 }}
          </Task>
          <Task id="b" output={outputs.result}>
            {{ value: 2 }}
          </Task>
          <Task id="n" output={outputs.name}>
            text
          </Task>
        </Parallel>
        <Task id="sum" output={outputs.name}>
          {() => JSON.stringify([ctx.outputs.result, ctx.outputs("result"), ctx.outputs(outputs.name)])}
        </Task>
      </Workflow>
    )),
  );
  const rows = [
    { nodeId: "a", iteration: 0, value: 1 },
    { nodeId: "b", iteration: 0, value: 2 },
  ];
  expect(JSON.parse(ran.output as string)).toEqual([rows, rows, ["text"]]);
});

test("output, latest and iterationCount distinguish iterations", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Loop id="l" until={ctx.iterationCount(outputs.result, "a") === 3}>
          <Task id="a" output={outputs.result}>
            {({ iteration }) => ({ value: iteration * 10 })}
          </Task>
        </Loop>
        <Task id="sum" output={outputs.name}>
          {() =>
            JSON.stringify([
              ctx.output(outputs.result, { nodeId: "a", iteration: 1 }).value,
              ctx.output(outputs.result, { nodeId: "a" }).value,
              ctx.latest("result", "a")?.value,
              ctx.iterationCount("result", "a"),
              ctx.latest("result", "nobody") ?? null,
              ctx.iterationCount("result", "nobody"),
            ])
          }
        </Task>
      </Workflow>
    )),
  );
  expect(JSON.parse(ran.output as string)).toEqual([10, 20, 20, 3, null, 0]);
});

test("iteration is that of the first loop, wherever ctx is read outside of any", async () => {
  const seen = new Set<string>();
  await run(
    smithers((ctx) => {
      seen.add(`${ctx.iteration}/${ctx.outputs.result.length}`);
      return (
        <Workflow name="test">
          <Loop id="first" until={ctx.iterationCount("result", "a") === 1}>
            <Task id="a" output={outputs.result}>
              {() => ({ value: 1 })}
            </Task>
          </Loop>
          <Loop id="second" until={ctx.iterationCount("result", "b") === 2}>
            <Task id="b" output={outputs.result}>
              {() => ({ value: 2 })}
            </Task>
          </Loop>
        </Workflow>
      );
    }),
  );
  expect([...seen]).toEqual(["0/0", "0/1", "0/2", "0/3"]);
});

test("each call of outputs gives a list of its own, however many rows a frame asks for", async () => {
  const many = Array.from({ length: 60 }, (_, n) => n);
  const seen = new Set<string>();
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Parallel>
          {many.map((n) => {
            const rows = ctx.outputs.result;
            const backwards = ctx.outputs(outputs.result).sort((a, b) => b.value - a.value);
            const last = ctx.outputs.result.pop();
            const isRight =
              rows.length === backwards.length &&
              rows.every((row, index) => row === ctx.outputs.result[index]) &&
              rows.at(-1) === last &&
              [...backwards]
                .reverse()
                .every((row, index) => row.value === [...rows].sort((a, b) => a.value - b.value)[index]!.value);
            seen.add(`${rows.length} ${isRight} ${Array.isArray(rows)} ${JSON.stringify(rows).length > rows.length}`);
            return (
              <Task key={n} id={`task${n}`} output={outputs.result}>
                {{ value: (n * 7) % many.length }}
              </Task>
            );
          })}
        </Parallel>
        <Task id="late" output={outputs.name}>
          {() => String(ctx.outputs.result.length)}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", output: "60" });
  // On a busy machine the tasks are mounted in several parts, with renderings in between.
  const counts = [...seen].map((one) => Number(/^(\d+) true true true$/.exec(one)?.[1]));
  expect([counts[0], counts.at(-1)]).toEqual([0, 60]);
  expect(counts).not.toContain(Number.NaN);
});

test("a task gets the function of the last rendering, and is looked at again when another prop has changed", async () => {
  let looked = 0;
  const meta = {
    get team() {
      looked += 1;
      return "infra";
    },
  };
  const length = 20;
  const steps = Array.from({ length }, (_, n) => n);
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        {steps.map((n) => {
          const before = ctx.outputMaybe(outputs.result, { nodeId: `task${n - 1}` });
          return (
            <Task
              key={`task${n}`}
              id={`task${n}`}
              output={outputs.result}
              dependsOn={n === 0 ? [] : [`task${n - 1}`]}
              skipIf={n === length - 1 && before?.value === length - 1}
              meta={meta}
            >
              {() => ({ value: (before?.value ?? 0) + 1 })}
            </Task>
          );
        })}
        <Task id="sum" output={outputs.result} meta={meta}>
          {{ value: ctx.outputs.result.length }}
        </Task>
      </Workflow>
    )),
  );
  // The last one is skipped, because the one before it has counted to 19; the literal is that of the last rendering.
  expect(ran).toMatchObject({ status: "finished", output: { value: length - 1 } });
  // Once for each task, and again for the one whose skipIf has changed; not at each of the renderings.
  expect(looked).toBeLessThan(3 * (length + 2));
});
