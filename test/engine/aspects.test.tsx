/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import type { ReactElement } from "react";
import { Aspects, createSmithers, Parallel, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { run } from "../support/run.ts";

const { smithers, outputs, Task, Loop } = createSmithers({ result: z.object({ value: z.number() }) });

/** Answers, and says that it has used 120 tokens. */
const agent = {
  id: "counting",
  generate: () => ({ output: { value: 1 }, usage: { inputTokens: 100, outputTokens: 20 } }),
};

const ask = (id: string, props: Record<string, unknown> = {}) => (
  <Task id={id} output={outputs.result} agent={agent} retryPolicy={{ initialDelayMs: 1 }} {...props}>
    Please.
  </Task>
);

const runTree = (tree: ReactElement, options: Parameters<typeof run>[1] = {}) =>
  run(
    smithers(() => <Workflow name="test">{tree}</Workflow>),
    options,
  );

const two = (tokenBudget: { max: number; perTask?: number; onExceeded?: "fail" | "warn" | "skip-remaining" }) =>
  runTree(
    <Aspects tokenBudget={tokenBudget}>
      {ask("a")}
      {ask("b")}
    </Aspects>,
  );

test("two agents' tasks of 120 tokens each, with a budget of 10: the second fails, and the run says why", async () => {
  const ran = await two({ max: 10, onExceeded: "fail" });
  expect(ran.states).toEqual({ a: "finished", b: "failed" });
  expect(ran).toMatchObject({
    status: "failed",
    error: {
      code: "BUDGET_EXCEEDED",
      nodeId: "b",
      details: { budget: "tokens", of: "all", used: 120, limit: 10 },
    },
  });
  expect(ran.error!.message).toStartWith(
    '"b" was not started: the tasks below <Aspects> have used 120 tokens; the limit is 10.',
  );
  expect(ran.of("BudgetExceeded")).toMatchObject([
    { nodeId: "b", iteration: 0, budget: "tokens", of: "all", used: 120, limit: 10, action: "fail" },
  ]);
  // Without a word about what exceeding leads to, it fails too.
  expect(await two({ max: 120 })).toMatchObject({ status: "failed", error: { code: "BUDGET_EXCEEDED" } });
  expect(await two({ max: 121 })).toMatchObject({ status: "finished" });
});

test("warn lets the tasks run, and tells each time; skip-remaining skips what has not started", async () => {
  const warned = await two({ max: 10, onExceeded: "warn" });
  expect([warned.status, warned.states]).toEqual(["finished", { a: "finished", b: "finished" }]);
  expect(warned.of("BudgetExceeded")).toMatchObject([{ nodeId: "b", action: "warn" }]);
  const skipped = await two({ max: 10, onExceeded: "skip-remaining" });
  expect([skipped.status, skipped.states]).toEqual(["finished", { a: "finished", b: "skipped" }]);
});

test("the tokens of one task are bounded by perTask, over its attempts and the answers that do not fit", async () => {
  const failed = await two({ max: 1_000, perTask: 100 });
  expect(failed).toMatchObject({ status: "failed", error: { code: "BUDGET_EXCEEDED", nodeId: "a" } });
  expect(failed.error!.message).toStartWith('"a" has used 120 tokens; the limit is 100.');
  expect(failed.states).toEqual({ a: "failed", b: "pending" });
  const warned = await two({ max: 1_000, perTask: 100, onExceeded: "warn" });
  expect(warned.of("BudgetExceeded").map(({ nodeId, of }) => [nodeId, of])).toEqual([
    ["a", "task"],
    ["b", "task"],
  ]);
  const skipped = await two({ max: 1_000, perTask: 100, onExceeded: "skip-remaining" });
  expect([skipped.status, skipped.states]).toEqual(["finished", { a: "finished", b: "skipped" }]);

  let calls = 0;
  const failing = {
    generate: () => {
      calls += 1;
      throw Object.assign(new Error("down"), { usage: { inputTokens: 60 } });
    },
  };
  const retried = await runTree(
    <Aspects tokenBudget={{ max: 1_000, perTask: 100 }}>{ask("a", { agent: failing })}</Aspects>,
  );
  expect(retried).toMatchObject({ status: "failed", error: { code: "BUDGET_EXCEEDED", details: { used: 120 } } });
  expect(calls).toBe(2);

  calls = 0;
  const unfit = {
    generate: () => {
      calls += 1;
      return { text: "no", usage: { inputTokens: 60 } };
    },
  };
  const repaired = await runTree(
    <Aspects tokenBudget={{ max: 1_000, perTask: 100 }}>{ask("a", { agent: [unfit, agent] })}</Aspects>,
  );
  expect(repaired).toMatchObject({ status: "failed", error: { code: "BUDGET_EXCEEDED", details: { used: 120 } } });
  expect(calls).toBe(2);
});

test("a budget counts what is below it, in every iteration and part, and the innermost one holds", async () => {
  const loop = await runTree(
    <Aspects tokenBudget={{ max: 300 }}>
      <Loop until={false} maxIterations={5}>
        {ask("a")}
      </Loop>
    </Aspects>,
  );
  expect(loop.states).toEqual({ a: "finished", "a#1": "finished", "a#2": "finished", "a#3": "failed" });
  expect(loop.error!.details).toMatchObject({ used: 360, limit: 300 });

  const nested = await runTree(
    <>
      {ask("outside")}
      <Aspects tokenBudget={{ max: 200 }}>
        <Aspects tokenBudget={{ max: 1_000 }}>
          <Parallel>
            {ask("a")}
            {ask("b")}
          </Parallel>
        </Aspects>
        {ask("c", { continueOnFail: true })}
      </Aspects>
      <Aspects latencySlo={{ maxMs: 60_000 }}>{ask("d")}</Aspects>
    </>,
  );
  expect(nested.states).toEqual({
    outside: "finished",
    a: "finished",
    b: "finished",
    c: "failed",
    d: "finished",
  });
  expect(nested.nodes.c!.error!.details).toMatchObject({ used: 240, limit: 200 });
});

test("tokens of tasks that are no longer mounted count", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Aspects tokenBudget={{ max: 100 }}>
          {ctx.outputMaybe(outputs.result, { nodeId: "a" }) ? ask("b") : ask("a")}
        </Aspects>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "failed", error: { code: "BUDGET_EXCEEDED", nodeId: "b" } });
});

test("a token budget stops only agents; a cached result costs nothing", async () => {
  const db = (await runTree(ask("cached", { cache: { by: "x", version: "1" } }))).db;
  const ran = await runTree(
    <Aspects tokenBudget={{ max: 10 }}>
      {ask("a")}
      <Task id="save" output={outputs.result}>
        {() => ({ value: 2 })}
      </Task>
      {ask("cached", { cache: { by: "x", version: "1" } })}
    </Aspects>,
    { db },
  );
  expect([ran.status, ran.states]).toEqual(["finished", { a: "finished", save: "finished", cached: "finished" }]);
});

const slow = (id: string) => (
  <Task id={id} output={outputs.result}>
    {async () => {
      const from = Date.now();
      while (Date.now() - from < 30) await new Promise((resolve) => setTimeout(resolve, 5));
      return { value: 1 };
    }}
  </Task>
);

test("latencySlo bounds the time since the first task below started, and that of one attempt", async () => {
  const tasks = [slow("a"), slow("b")];
  const failed = await runTree(<Aspects latencySlo={{ maxMs: 10 }}>{tasks}</Aspects>);
  expect(failed).toMatchObject({
    status: "failed",
    states: { a: "finished", b: "failed" },
    error: { code: "BUDGET_EXCEEDED", nodeId: "b", details: { budget: "latency", of: "all", limit: 10 } },
  });
  const warned = await runTree(<Aspects latencySlo={{ maxMs: 10, onExceeded: "warn" }}>{tasks}</Aspects>);
  expect([warned.status, warned.of("BudgetExceeded").length]).toEqual(["finished", 1]);
  const one = await runTree(<Aspects latencySlo={{ maxMs: 60_000, perTask: 10 }}>{tasks}</Aspects>);
  expect(one).toMatchObject({
    status: "failed",
    error: { code: "BUDGET_EXCEEDED", nodeId: "a", details: { budget: "latency", of: "task", limit: 10 } },
  });
});

test.each([
  [{ costBudget: { maxUsd: 5 } }, "costBudget is not supported, because providers do not tell what a call costs."],
  [{ tracking: { tokens: false } }, "tracking is not supported"],
  [{}, "it has no budget."],
  [{ tokenBudget: { perTask: 5 } }, "tokenBudget.max is required."],
  [{ tokenBudget: { max: "5" } }, "tokenBudget.max must be a whole number of at least 0"],
  [{ tokenBudget: { max: 5, onExceded: "warn" } }, 'Did you mean "onExceeded"?'],
  [{ tokenBudget: { max: 5, onExceeded: "stop" } }, "tokenBudget.onExceeded must be one of fail, warn, skip-remaining"],
  [{ latencySlo: { maxMs: 5, onExceeded: "skip-remaining" } }, "latencySlo.onExceeded must be one of fail, warn"],
  [{ tokenBugdet: { max: 5 } }, 'unknown prop "tokenBugdet"'],
] as [object, string][])("<Aspects> refuses %j", async (props, message) => {
  const ran = await runTree(<Aspects {...props}>{ask("a")}</Aspects>);
  expect(ran).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
  expect(ran.error!.message).toContain(message);
});
