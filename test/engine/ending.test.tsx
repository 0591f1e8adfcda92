/** @jsxImportSource smithers-orchestrator */
import { expect, spyOn, test } from "bun:test";
import { join } from "node:path";
import { createSmithers, Parallel, runWorkflow, Sequence, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { folder } from "../support/folder.ts";
import { inStore, run } from "../support/run.ts";

const schemas = { result: z.object({ value: z.number() }), plan: z.array(z.string()) };
const { smithers, outputs, Task } = createSmithers(schemas);

const Step = ({ id, value = 1 }: { id: string; value?: number }) => (
  <Task id={id} output={outputs.result}>
    {() => ({ value })}
  </Task>
);

test("tasks that an output mounts belong to the run", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Task id="plan" output={outputs.plan}>
          {() => ["x", "y"]}
        </Task>
        <Parallel>
          {ctx.outputMaybe(outputs.plan, { nodeId: "plan" })?.map((id) => (
            <Step key={id} id={id} />
          ))}
        </Parallel>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", states: { plan: "finished", x: "finished", y: "finished" } });
});

test("a run ends only when its last render has nothing left to do", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Step id="t0" />
        {ctx.outputs.result.length < 10 &&
          ctx.outputs.result.map(({ nodeId }, index) => <Step key={nodeId} id={`t${index + 1}`} />)}
        {ctx.outputs.result.length >= 10 && <Step id="end" value={99} />}
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", output: { value: 99 } });
  expect(ran.of("NodeFinished")).toHaveLength(11);
  expect(ran.events.at(-1)!.type).toBe("RunFinished");
});

test("static tasks that mount one another fold into one frame", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Task id="a" output={outputs.result}>
          {{ value: 1 }}
        </Task>
        {ctx.outputs.result.length > 0 && (
          <Task id="b" output={outputs.result}>
            {{ value: 2 }}
          </Task>
        )}
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", states: { a: "finished", b: "finished" } });
  expect(ran.of("FrameCommitted")).toHaveLength(1);
});

test("a task that is no longer mounted is cancelled", async () => {
  let reason: unknown;
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Parallel>
          <Step id="fast" />
          {ctx.outputs.result.length === 0 && (
            <Task id="slow" output={outputs.result}>
              {({ signal }) =>
                new Promise<never>((_, reject) =>
                  signal.addEventListener("abort", () => {
                    reason = signal.reason;
                    reject(reason);
                  }),
                )
              }
            </Task>
          )}
        </Parallel>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", states: { fast: "finished", slow: "cancelled" } });
  expect(reason).toMatchObject({ code: "TASK_CANCELLED" });
});

test("an empty workflow finishes without output", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Sequence />
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", states: {} });
  expect(ran.output).toBeUndefined();
});

test("a listener that throws keeps no run from going on", async () => {
  const said = spyOn(console, "error").mockImplementation(() => {});
  try {
    const ran = await run(
      smithers(() => <Workflow name="test">{<Step id="a" />}</Workflow>),
      {
        onProgress() {
          throw new Error("listener");
        },
      },
    );
    expect(ran.status).toBe("finished");
    expect(said).toHaveBeenCalledTimes(ran.events.length);
  } finally {
    said.mockRestore();
  }
});

test("onProgress gets each event, in order, after it is stored", async () => {
  const ran = await run(smithers(() => <Workflow name="test">{<Step id="a" />}</Workflow>));
  const stored = await inStore(ran.db, (store) => store.eventsAfter(ran.runId, 0, 100));
  expect(stored.map(({ json }) => JSON.parse(json))).toEqual([...ran.events]);
  expect(ran.events.map(({ type }) => type)).toEqual([
    "RunStarted",
    "NodePending",
    "NodeStarted",
    "FrameCommitted",
    "NodeFinished",
    "RunStatusChanged",
    "RunFinished",
  ]);
});

test("without db a run lives in the workflow's dbPath, or in smithers.db, under rootDir", async () => {
  const rootDir = folder();
  const own = createSmithers(schemas, { dbPath: "data/own.db" });
  const first = await runWorkflow(
    own.smithers(() => <Workflow name="own" />),
    { rootDir },
  );
  const second = await runWorkflow(
    smithers(() => <Workflow name="plain" />),
    { rootDir },
  );
  const nameIn = (db: string, runId: string) =>
    inStore(join(rootDir, db), async (store) => (await store.findRun(runId))?.workflowName);
  expect(await nameIn("data/own.db", first.runId)).toBe("own");
  expect(await nameIn("smithers.db", second.runId)).toBe("plain");
});
