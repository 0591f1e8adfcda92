/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, NonRetryableError, type RetryPolicy, SmithersError, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { run } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({ result: z.object({ value: z.number() }) });

interface Given {
  retries?: number;
  noRetry?: boolean;
  retryPolicy?: RetryPolicy;
}

/** Runs one task whose attempt n throws what `throws(n)` gives, until that is nothing. */
async function attempt(throws: (attempt: number) => unknown, given: Given = {}) {
  return run(
    smithers(() => (
      <Workflow name="test">
        <Task id="a" output={outputs.result} retryPolicy={{ initialDelayMs: 1 }} {...given}>
          {(task) => {
            const thrown = throws(task.attempt);
            if (thrown !== undefined) throw thrown;
            return { value: task.attempt };
          }}
        </Task>
      </Workflow>
    )),
  );
}

const always = () => new Error("flaky");

test("a failed attempt is tried three more times", async () => {
  const ran = await attempt(always);
  expect(ran).toMatchObject({
    status: "failed",
    error: { message: "flaky" },
    nodes: { a: { attempt: 4, failures: 4 } },
  });
  expect(ran.of("NodeRetrying").map((event) => event.attempt)).toEqual([1, 2, 3]);
  expect(ran.of("NodeRetrying")[0]!.error).toMatchObject({ code: "TASK_FAILED", message: "flaky" });
  expect(ran.of("NodeFailed")).toHaveLength(1);
});

test("a request that finds no server is tried again, although its error is a TypeError", async () => {
  const refused = await fetch("http://127.0.0.1:1").catch((error) => error);
  expect(refused).toBeInstanceOf(TypeError);
  expect((await attempt((n) => (n < 2 ? refused : undefined))).nodes.a).toMatchObject({
    state: "finished",
    attempt: 2,
  });
});

test("an attempt that succeeds ends the retries", async () => {
  const ran = await attempt((n) => (n < 3 ? always() : undefined));
  expect(ran).toMatchObject({ status: "finished", output: { value: 3 }, nodes: { a: { error: null } } });
});

test("retries says how often", async () => {
  expect((await attempt(always, { retries: 1 })).nodes.a!.attempt).toBe(2);
  expect((await attempt(always, { retries: 5 })).nodes.a!.attempt).toBe(6);
});

test("retries={0} and noRetry mean one attempt", async () => {
  for (const given of [{ retries: 0 }, { noRetry: true }, { noRetry: true, retries: 2 }]) {
    const ran = await attempt(always, given);
    expect(ran.nodes.a!.attempt).toBe(1);
    expect(ran.of("NodeRetrying")).toEqual([]);
  }
});

const delays: [string, RetryPolicy, number[]][] = [
  ["exponentially by default", { initialDelayMs: 8 }, [8, 16, 32, 64]],
  ["linearly", { backoff: "linear", initialDelayMs: 8 }, [8, 16, 24, 32]],
  ["not at all", { backoff: "fixed", initialDelayMs: 8 }, [8, 8, 8, 8]],
];

test.each(delays)("the delay grows %s, within a quarter", async (_, retryPolicy, expected) => {
  const ran = await attempt(always, { retries: 4, retryPolicy });
  const given = ran.of("NodeRetrying").map(({ delayMs }) => delayMs);
  expect(given).toHaveLength(4);
  for (const [index, delayMs] of given.entries()) {
    expect(delayMs).toBeGreaterThanOrEqual(expected[index]! * 0.75);
    expect(delayMs).toBeLessThanOrEqual(expected[index]! * 1.25);
  }
});

test("the next attempt starts no sooner than the delay says", async () => {
  const ran = await attempt((n) => (n === 1 ? always() : undefined), { retryPolicy: { initialDelayMs: 30 } });
  const [retrying] = ran.of("NodeRetrying");
  const [, second] = ran.of("NodeStarted");
  expect(second!.timestampMs - retrying!.timestampMs).toBeGreaterThanOrEqual(retrying!.delayMs);
});

test("delays vary, to spread the retries of attempts that failed together", async () => {
  const ran = await attempt(always, { retries: 20, retryPolicy: { backoff: "fixed", initialDelayMs: 8 } });
  expect(new Set(ran.of("NodeRetrying").map(({ delayMs }) => delayMs)).size).toBeGreaterThan(1);
});

test.each([TypeError, ReferenceError, SyntaxError])("a mistake in the code (%p) is not retried", async (Mistake) => {
  const ran = await attempt(() => new Mistake("typo"));
  expect(ran).toMatchObject({ status: "failed", nodes: { a: { attempt: 1 } } });
  expect(ran.error).toMatchObject({ code: "TASK_FAILED", message: "typo", details: { name: Mistake.name } });
});

test.each(["retryable=false", "isRetryable=false", "noRetry=true", "final=true"])(
  "an error with %s is not retried",
  async (said) => {
    const [field, value] = said.split("=") as [string, string];
    const ran = await attempt(() => Object.assign(new Error("gone"), { [field]: value === "true" }));
    expect(ran.nodes.a!.attempt).toBe(1);
  },
);

test("a NonRetryableError ends the task at once, and keeps its message", async () => {
  const cause = new Error("404");
  const ran = await attempt(() => new NonRetryableError("There is no such repository.", { cause }));
  expect(ran).toMatchObject({ status: "failed", nodes: { a: { attempt: 1 } } });
  expect(ran.error).toMatchObject({
    code: "TASK_FAILED",
    message: "There is no such repository.",
    details: { name: "NonRetryableError" },
  });
  expect(ran.of("NodeRetrying")).toEqual([]);
  expect(new NonRetryableError("Gone.", { cause }).cause).toBe(cause);
});

test("a class that extends NonRetryableError is not retried, and an error that only has one as its cause is", async () => {
  class NotFound extends NonRetryableError {}
  expect((await attempt(() => new NotFound("gone"))).nodes.a!.attempt).toBe(1);
  const wrapped = () => new Error("busy", { cause: new NonRetryableError("gone") });
  expect((await attempt(wrapped, { retries: 1 })).nodes.a!.attempt).toBe(2);
});

test("an error that says it may be retried is retried", async () => {
  const ran = await attempt(() => Object.assign(new Error("busy"), { retryable: true }), { retries: 1 });
  expect(ran.nodes.a!.attempt).toBe(2);
});

test("a SmithersError that a task throws keeps its code and details", async () => {
  const thrown = () => new SmithersError("TOOL_COMMAND_FAILED", "It ended with 1.", { details: { exitCode: 1 } });
  const ran = await attempt(thrown, { retries: 1 });
  expect(ran.error).toMatchObject({ code: "TOOL_COMMAND_FAILED", details: { exitCode: 1 }, nodeId: "a" });
  expect(ran.nodes.a!.attempt).toBe(2);
});
