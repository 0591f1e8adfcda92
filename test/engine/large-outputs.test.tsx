/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, Task, WaitForEvent, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { inStore, newDatabase, run } from "../support/run.ts";

const { smithers, outputs } = createSmithers({
  big: z.object({ text: z.string(), at: z.date() }),
  small: z.object({ n: z.number() }),
});
const length = 200_000;
const big = (id: string) => (
  <Task id={id} output={outputs.big}>
    {() => ({ text: id.repeat(length), at: new Date(1) })}
  </Task>
);
const small = (id: string) => (
  <Task id={id} output={outputs.small}>
    {() => ({ n: 1 })}
  </Task>
);

const readers: [string, ReturnType<typeof smithers>][] = [
  [
    "a dependency",
    smithers(() => (
      <Workflow name="w">
        {big("a")}
        {small("s")}
        <Task id="last" output={outputs.small} deps={{ a: outputs.big }}>
          {({ a }) => ({ n: a.text.length + a.at.getTime() })}
        </Task>
      </Workflow>
    )),
  ],
  [
    "a later frame",
    smithers((ctx) => {
      const isLate = ctx.outputMaybe("small", { nodeId: "s" }) !== undefined;
      const read = isLate ? ctx.output("big", { nodeId: "a" }) : undefined;
      return (
        <Workflow name="w">
          {big("a")}
          {small("s")}
          {read && (
            <Task id="last" output={outputs.small}>
              {{ n: read.text.length + read.at.getTime() }}
            </Task>
          )}
        </Workflow>
      );
    }),
  ],
  [
    "a later frame that catches what reading throws",
    smithers((ctx) => {
      let n = 0;
      try {
        n = ctx.outputMaybe("small", { nodeId: "s" }) ? ctx.output("big", { nodeId: "a" }).text.length + 1 : 0;
      } catch {
        n = -1;
      }
      return (
        <Workflow name="w">
          {big("a")}
          {small("s")}
          {n !== 0 && (
            <Task id="last" output={outputs.small}>
              {{ n }}
            </Task>
          )}
        </Workflow>
      );
    }),
  ],
  [
    "the rows of a later frame",
    smithers((ctx) => {
      const isLate = ctx.outputMaybe("small", { nodeId: "s" }) !== undefined;
      const rows = isLate ? ctx.outputs("big") : [];
      return (
        <Workflow name="w">
          {big("a")}
          {small("s")}
          {rows.length > 0 && (
            <Task id="last" output={outputs.small}>
              {{ n: rows[0]!.text.length + rows[0]!.at.getTime() }}
            </Task>
          )}
        </Workflow>
      );
    }),
  ],
];

test.each(readers)("a large output that nothing has read for a while is read whole by %s", async (_, workflow) => {
  const ran = await run(workflow);
  expect(ran.error).toBeUndefined();
  expect(ran.output).toEqual({ n: length + 1 });
});

test("a run that continues in another process reads its large outputs", async () => {
  const workflow = smithers((ctx) => (
    <Workflow name="w">
      {big("a")}
      <WaitForEvent id="go" event="go" output={outputs.small} />
      <Task id="last" output={outputs.small} deps={{ a: outputs.big }}>
        {({ a }) => ({ n: a.text.length + (ctx.outputMaybe("big", { nodeId: "a" })?.at.getTime() ?? 0) })}
      </Task>
    </Workflow>
  ));
  const db = newDatabase();
  const { runId, status } = await run(workflow, { db });
  expect(status).toBe("waiting-event");
  await inStore(db, (store) => store.receiveSignal({ runId, name: "go", data: { n: 1 } }, Date.now()));
  expect((await run(workflow, { db, runId, resume: true })).output).toEqual({ n: length + 1 });
});
