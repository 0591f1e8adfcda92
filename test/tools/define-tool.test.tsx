/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, defineTool, isSmithersError, type ToolContext } from "smithers-orchestrator";
import { z } from "zod";
import { afterThisTest } from "../support/cleanup.ts";
import { inStore, newDatabase, run } from "../support/run.ts";

const { smithers, outputs, Workflow, Task } = createSmithers({ result: z.object({ value: z.unknown() }) });

function task(work: () => unknown, props: { retries?: number; tools?: { allow?: string[] } } = {}) {
  return smithers(() => (
    <Workflow name="tools">
      <Task id="a" output={outputs.result} retryPolicy={{ backoff: "fixed", initialDelayMs: 0 }} {...props}>
        {async () => ({ value: await work() })}
      </Task>
    </Workflow>
  ));
}

const double = defineTool({
  name: "double",
  description: "Doubles a number.",
  schema: z.object({ n: z.number() }),
  execute: ({ n }) => n * 2,
});

/** A tool with a side effect, and what its calls were told. */
function spy(traits: { sideEffect?: boolean; idempotent?: boolean } = {}) {
  const calls: ToolContext[] = [];
  const tool = defineTool({
    name: "spy",
    description: "Notes its calls.",
    schema: z.object({ fail: z.boolean().optional() }),
    ...traits,
    execute({ fail }, context) {
      calls.push(context);
      if (fail) throw new Error("no");
      return calls.length;
    },
  });
  return { tool, calls };
}

test("a tool is a plain async function, and an object with description, inputSchema and execute", async () => {
  expect(await double({ n: 2 })).toBe(4);
  expect(await double.execute({ n: 3 })).toBe(6);
  expect(double).toMatchObject({ description: "Doubles a number.", name: "double" });
  expect(z.toJSONSchema(double.inputSchema)).toMatchObject({ type: "object", required: ["n"] });
});

test("an input that does not fit the schema is refused before the tool runs", async () => {
  const { tool, calls } = spy();
  const thrown = await tool({ fail: "yes" as never }).catch((error) => error);
  expect(isSmithersError(thrown) && thrown.code).toBe("INVALID_INPUT");
  expect(thrown.details.issues[0].path).toEqual(["fail"]);
  expect(calls).toHaveLength(0);
});

test("a definition without a proper name is refused", () => {
  expect(() => defineTool({ name: "two words", description: "d", schema: z.object({}), execute: () => 1 })).toThrow(
    /name must be/,
  );
});

test("the tool's code gets the run, node and attempt that it serves", async () => {
  const { tool, calls } = spy();
  const ran = await run(
    task(() => tool({})),
    { runId: "r", rootDir: "/tmp" },
  );
  expect(ran.status).toBe("finished");
  expect(calls[0]).toMatchObject({
    toolName: "spy",
    runId: "r",
    nodeId: "a",
    iteration: 0,
    attempt: 1,
    rootDir: "/tmp",
  });
});

test("each call is recorded, with its start and end as events", async () => {
  const { tool } = spy();
  const ran = await run(
    task(async () => {
      await tool({});
      await tool({ fail: true }).catch(() => {});
      return double({ n: 1 });
    }),
  );
  const { toolCalls } = (await inStore(ran.db, (store) => store.readNode(ran.runId, "a", 0)))!;
  expect(toolCalls.map(({ callNo, toolName, state }) => [callNo, toolName, state])).toEqual([
    [1, "spy", "finished"],
    [2, "spy", "failed"],
    [3, "double", "finished"],
  ]);
  expect(toolCalls[1]!.error?.message).toBe("no");
  expect(ran.of("ToolCallStarted").map(({ callNo, toolName }) => [callNo, toolName])).toEqual([
    [1, "spy"],
    [2, "spy"],
    [3, "double"],
  ]);
  expect(ran.of("ToolCallFinished").map(({ callNo, ok }) => [callNo, ok])).toEqual([
    [1, true],
    [2, false],
    [3, true],
  ]);
  const types = ran.events.map(({ type }) => type);
  expect(types.lastIndexOf("ToolCallFinished")).toBeLessThan(types.indexOf("NodeFinished"));
});

test("a call's record is in the database before the tool's code starts", async () => {
  const db = newDatabase();
  let seen: unknown;
  const look = defineTool({
    name: "look",
    description: "Looks at its own record.",
    schema: z.object({}),
    execute: async (_input, { runId }) => {
      seen = (await inStore(db, (store) => store.readNode(runId!, "a", 0)))?.toolCalls;
    },
  });
  await run(
    task(() => look({}).then(() => null)),
    { db },
  );
  expect(seen).toMatchObject([{ toolName: "look", state: "running", callNo: 1 }]);
});

test("a call that is still running when its attempt ends is recorded as cancelled", async () => {
  const started = Promise.withResolvers<void>();
  const endless = defineTool({
    name: "endless",
    description: "Never ends.",
    schema: z.object({}),
    execute: () => {
      started.resolve();
      return new Promise(() => {});
    },
  });
  const ran = await run(
    task(() => {
      void endless({}).catch(() => {});
      return started.promise;
    }),
  );
  expect(ran.status).toBe("finished");
  const found = await inStore(ran.db, (store) => store.readNode(ran.runId, "a", 0));
  expect(found?.toolCalls).toMatchObject([{ toolName: "endless", state: "cancelled" }]);
});

test("a call keeps its idempotency key over retries and resumes, also when other tools are called in between", async () => {
  const { tool, calls } = spy();
  const db = newDatabase();
  let round = 0;
  const workflow = task(
    async () => {
      round += 1;
      await tool({});
      if (round > 1) await double({ n: 1 });
      await tool({});
      if (round < 4) throw new Error("again");
      return round;
    },
    { retries: 1 },
  );
  const failed = await run(workflow, { db, runId: "r" });
  expect(failed.status).toBe("failed");
  const again = await run(workflow, { db, runId: "r", resume: true });
  expect(again.status).toBe("finished");
  expect(calls).toHaveLength(8);
  const keys = calls.map(({ idempotencyKey }) => idempotencyKey);
  expect(new Set(keys).size).toBe(2);
  expect(keys.filter((_, index) => index % 2 === 0)).toEqual(Array(4).fill(keys[0]));
});

test("a later attempt is warned when it calls a tool that must not run twice", async () => {
  const warnings: unknown[] = [];
  const original = console.error;
  console.error = (message: unknown) => void warnings.push(message);
  afterThisTest(() => {
    console.error = original;
  });
  const { tool } = spy({ sideEffect: true });
  let round = 0;
  const ran = await run(
    task(async () => {
      await tool({});
      round += 1;
      if (round === 1) throw new Error("again");
      return tool({});
    }),
  );
  expect(ran.of("ToolCallStarted").map(({ attempt, callNo, replayed }) => [attempt, callNo, replayed])).toEqual([
    [1, 1, undefined],
    [2, 1, true],
    [2, 2, undefined],
  ]);
  expect(warnings.filter((text) => String(text).includes("spy is called again"))).toHaveLength(1);
});

test("an idempotent tool, and one without a side effect, may run twice without a word", async () => {
  for (const traits of [{ sideEffect: true, idempotent: true }, {}]) {
    const { tool } = spy(traits);
    let round = 0;
    const ran = await run(
      task(async () => {
        await tool({});
        round += 1;
        if (round === 1) throw new Error("again");
        return 1;
      }),
    );
    expect(ran.of("ToolCallStarted").map(({ replayed }) => replayed)).toEqual([undefined, undefined]);
  }
});

test("a task may call only the tools that it allows, and says so at once", async () => {
  const { tool, calls } = spy();
  const ran = await run(task(() => tool({}), { tools: { allow: ["double"] } }));
  expect(ran.error).toMatchObject({ code: "TOOL_NOT_ALLOWED" });
  expect(calls).toHaveLength(0);
  expect(ran.of("NodeRetrying")).toHaveLength(0);
});

test("a tool that a task has left behind is refused once the task has ended", async () => {
  const { tool, calls } = spy();
  let late: Promise<unknown> = Promise.resolve();
  await run(
    task(() => {
      late = new Promise((resolve) => setTimeout(resolve, 50)).then(() => tool({}));
      late.catch(() => {});
      return 1;
    }),
  );
  expect(await late.catch((error) => error.code)).toBe("TASK_CANCELLED");
  expect(calls).toHaveLength(0);
});

test("what a tool shows becomes NodeOutput events before the task's end", async () => {
  const talk = defineTool({
    name: "talk",
    description: "Talks.",
    schema: z.object({}),
    execute(_input, { output }) {
      output("one ");
      output("two");
      output("bad", "stderr");
      return null;
    },
  });
  const ran = await run(task(() => talk({})));
  expect(ran.of("NodeOutput").map(({ text, stream }) => [text, stream])).toEqual([
    ["one two", "stdout"],
    ["bad", "stderr"],
  ]);
  const types = ran.events.map(({ type }) => type);
  expect(types.indexOf("NodeOutput")).toBeLessThan(types.indexOf("NodeFinished"));
});

test("what one attempt shows is capped, and says that it was cut", async () => {
  const flood = defineTool({
    name: "flood",
    description: "Floods.",
    schema: z.object({}),
    execute(_input, { output }) {
      for (let n = 0; n < 100; n++) output("x".repeat(10_000));
      return null;
    },
  });
  const ran = await run(task(() => flood({})));
  const text = ran
    .of("NodeOutput")
    .map((event) => event.text)
    .join("");
  expect(text.length).toBeLessThan(201_000);
  expect(text.slice(-30)).toBe("[cut: no more output is shown]");
});
