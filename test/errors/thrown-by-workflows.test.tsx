/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { maxMessageBytes } from "../../src/errors/index.ts";
import { run } from "../support/run.ts";
import { hostileValues } from "./hostile-values.ts";

const throwIt = (make: () => unknown): never => {
  throw make();
};
const result = z.object({ ok: z.boolean() });

function outputsThatThrow(make: () => unknown) {
  return createSmithers({
    result,
    refined: result.refine(() => throwIt(make)),
    transformed: result.transform(() => throwIt(make)),
  });
}

test.each(Object.entries(hostileValues))(
  "a task that throws %s is tried again, and fails with a text",
  async (_, make) => {
    const { smithers, outputs, Task } = outputsThatThrow(make);
    let executed = 0;
    const ran = await run(
      smithers(() => (
        <Workflow name="test">
          <Task id="t" output={outputs.result} retries={1} retryPolicy={{ backoff: "fixed", initialDelayMs: 1 }}>
            {() => {
              executed += 1;
              return throwIt(make);
            }}
          </Task>
        </Workflow>
      )),
    );
    expect(executed).toBe(2);
    expect(ran.status).toBe("failed");
    expect(ran.error!.code).toBe("TASK_FAILED");
    for (const { error } of [...ran.of("NodeRetrying"), ...ran.of("NodeFailed"), ...ran.of("RunFailed")]) {
      expect(error.message).toBeString();
      expect(Buffer.byteLength(error.message)).toBeLessThanOrEqual(maxMessageBytes);
    }
  },
);

const places: Record<string, (make: () => unknown) => ReturnType<ReturnType<typeof createSmithers>["smithers"]>> = {
  "a prompt": (make) => {
    const { smithers, outputs, Task } = outputsThatThrow(make);
    const agent = { generate: async () => ({ text: '{"ok":true}' }) };
    return smithers(() => (
      <Workflow name="test">
        <Task id="t" output={outputs.result} retries={0} agent={agent} deps={{}}>
          {() => throwIt(make)}
        </Task>
      </Workflow>
    ));
  },
  "an agent": (make) => {
    const { smithers, outputs, Task } = outputsThatThrow(make);
    const agent = { generate: async () => throwIt(make) };
    return smithers(() => (
      <Workflow name="test">
        <Task id="t" output={outputs.result} retries={0} agent={agent}>
          Go
        </Task>
      </Workflow>
    ));
  },
  "a refinement": (make) => {
    const { smithers, outputs, Task } = outputsThatThrow(make);
    return smithers(() => (
      <Workflow name="test">
        <Task id="t" output={outputs.refined} retries={0}>
          {() => ({ ok: true })}
        </Task>
      </Workflow>
    ));
  },
  "a transformation": (make) => {
    const { smithers, outputs, Task } = outputsThatThrow(make);
    return smithers(() => (
      <Workflow name="test">
        <Task id="t" output={outputs.transformed as never} retries={0}>
          {() => ({ ok: true }) as never}
        </Task>
      </Workflow>
    ));
  },
  "the workflow's function": (make) => outputsThatThrow(make).smithers(() => throwIt(make)),
  "a component": (make) => {
    const Boom = () => throwIt(make);
    return outputsThatThrow(make).smithers(() => (
      <Workflow name="test">
        <Boom />
      </Workflow>
    ));
  },
};

const values = ["a null prototype", "a message getter that throws", "conversions that throw", "a revoked proxy"];

test.each(Object.keys(places).flatMap((place) => values.map((value) => [place, value] as const)))(
  "a run in which %s throws %s fails with a text",
  async (place, value) => {
    const ran = await run(places[place]!(hostileValues[value]!));
    expect(ran.status).toBe("failed");
    expect(ran.error!.message).toBeString();
    expect(ran.error!.message).not.toContain("No default value");
  },
);
