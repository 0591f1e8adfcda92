/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { createSmithers, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { run } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({ result: z.object({ value: z.number() }) });

const never = () => new Promise<never>(() => {});

test("an attempt that runs longer than timeoutMs is ended, whether or not its code listens", async () => {
  let signal: AbortSignal | undefined;
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="slow" output={outputs.result} timeoutMs={20} retries={0}>
          {(task) => {
            signal = task.signal;
            return never();
          }}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "failed", error: { code: "TASK_TIMEOUT", nodeId: "slow" } });
  expect(ran.error!.message).toContain("20 ms");
  expect(signal!.reason).toMatchObject({ code: "TASK_TIMEOUT" });
});

test("a timeout is retried, and each attempt has its own", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="slow" output={outputs.result} timeoutMs={20} retryPolicy={{ initialDelayMs: 1 }}>
          {({ attempt }) => (attempt < 3 ? never() : { value: attempt })}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", output: { value: 3 } });
  expect(ran.of("NodeRetrying").map(({ error }) => error.code)).toEqual(["TASK_TIMEOUT", "TASK_TIMEOUT"]);
});

test("what an attempt gives after its timeout is not taken", async () => {
  const late = Promise.withResolvers<{ value: number }>();
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="slow" output={outputs.result} timeoutMs={10} retries={1} retryPolicy={{ initialDelayMs: 1 }}>
          {async ({ attempt }) => {
            if (attempt === 1) return late.promise;
            late.resolve({ value: 1 });
            await late.promise;
            return { value: 2 };
          }}
        </Task>
      </Workflow>
    )),
  );
  expect(ran.output).toEqual({ value: 2 });
});

test("a task that gives no heartbeat for heartbeatTimeoutMs is ended", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="silent" output={outputs.result} heartbeatTimeoutMs={20} retries={0}>
          {never}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "failed", error: { code: "TASK_HEARTBEAT_TIMEOUT", nodeId: "silent" } });
  expect(ran.of("TaskHeartbeatTimeout")).toMatchObject([{ nodeId: "silent", attempt: 1 }]);
});

test("heartbeats from inside keep a task alive for longer than that", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="alive" output={outputs.result} heartbeatTimeoutMs={300} retries={0}>
          {async ({ heartbeat }) => {
            for (let beat = 0; beat < 16; beat += 1) {
              heartbeat({ beat });
              await pause(25);
            }
            return { value: 1 };
          }}
        </Task>
      </Workflow>
    )),
  );
  expect(ran.status).toBe("finished");
  expect(ran.of("TaskHeartbeat")).toMatchObject([{ nodeId: "alive", attempt: 1, data: { beat: 0 } }]);
});

test("a heartbeat with data that is not JSON is harmless", async () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (const data of [1n, cycle]) {
    const ran = await run(
      smithers(() => (
        <Workflow name="test">
          <Task id="alive" output={outputs.result}>
            {async ({ heartbeat }) => {
              heartbeat(data);
              await pause(5);
              return { value: 1 };
            }}
          </Task>
        </Workflow>
      )),
    );
    expect(ran.status).toBe("finished");
    expect(ran.of("TaskHeartbeat")).toHaveLength(1);
  }
});

test("no time limit is the task's fault once its code has returned: a schema may take its time", async () => {
  const { smithers, outputs, Task } = createSmithers({
    slow: z.object({ value: z.number() }).refine(async () => {
      await Bun.sleep(250);
      return true;
    }),
  });
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="a" output={outputs.slow} heartbeatTimeoutMs={100} timeoutMs={150} retries={0}>
          {() => ({ value: 1 })}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", output: { value: 1 } });
});

test("the time limits of an agent count while it answers, and not while its answers are validated", async () => {
  const { smithers, outputs, Task } = createSmithers({
    slow: z.object({ value: z.number() }).refine(async ({ value }) => {
      await Bun.sleep(250);
      return value === 2;
    }),
  });
  const answers = (pauseMs: number) => {
    let asked = 0;
    return { generate: () => Bun.sleep(pauseMs).then(() => ({ text: JSON.stringify({ value: ++asked }) })) };
  };
  const asking = (agent: object, limits: { timeoutMs?: number; heartbeatTimeoutMs?: number }) =>
    run(
      smithers(() => (
        <Workflow name="test">
          <Task id="a" output={outputs.slow} retries={0} agent={agent as never} {...limits}>
            Which number?
          </Task>
        </Workflow>
      )),
    );
  const quick = await asking(answers(0), { timeoutMs: 200, heartbeatTimeoutMs: 100 });
  expect(quick).toMatchObject({ status: "finished", output: { value: 2 } });
  // Two answers of 150 ms each, with a validation between them.
  const late = await asking(answers(150), { timeoutMs: 225 });
  expect(late).toMatchObject({ status: "failed", error: { code: "TASK_TIMEOUT" } });
});
