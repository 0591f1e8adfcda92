/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, defineTool, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { maxMessageBytes } from "../../src/errors/index.ts";
// The build that servers use; the test would load the development build.
import { React } from "../../src/jsx/react.ts";
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
  "a thenable that a task returns": (make) => {
    const { smithers, outputs, Task } = outputsThatThrow(make);
    // biome-ignore lint/suspicious/noThenProperty: a thenable that throws is the point
    const thenable = { then: () => throwIt(make) };
    return smithers(() => (
      <Workflow name="test">
        <Task id="t" output={outputs.result} retries={0}>
          {() => thenable as never}
        </Task>
      </Workflow>
    ));
  },
  "the toJSON of an output": (make) => {
    const { smithers, outputs, Task } = createSmithers({ any: z.any() });
    return smithers(() => (
      <Workflow name="test">
        <Task id="t" output={outputs.any} retries={0}>
          {() => ({ toJSON: () => throwIt(make) })}
        </Task>
      </Workflow>
    ));
  },
  "the getter of an output": (make) => {
    const { smithers, outputs, Task } = createSmithers({ any: z.any() });
    return smithers(() => (
      <Workflow name="test">
        <Task id="t" output={outputs.any} retries={0}>
          {() => Object.defineProperty({}, "ok", { get: () => throwIt(make), enumerable: true })}
        </Task>
      </Workflow>
    ));
  },
  "an agent's usage": (make) => {
    const { smithers, outputs, Task } = outputsThatThrow(make);
    const hiding = (name: string) => Object.defineProperty({}, name, { get: () => throwIt(make) });
    const agent = { generate: async () => hiding("totalUsage"), ...hiding("id") };
    return smithers(() => (
      <Workflow name="test">
        <Task id="t" output={outputs.result} retries={0} agent={agent}>
          Go
        </Task>
      </Workflow>
    ));
  },
  "a tool": (make) => {
    const { smithers, outputs, Task } = outputsThatThrow(make);
    const tool = defineTool({ name: "boom", description: "fails", schema: z.object({}), execute: () => throwIt(make) });
    return smithers(() => (
      <Workflow name="test">
        <Task id="t" output={outputs.result} retries={0}>
          {async () => (await tool({})) as never}
        </Task>
      </Workflow>
    ));
  },
  "the text of a prop": (make) => {
    const { smithers, outputs, Task } = outputsThatThrow(make);
    return smithers(() => (
      <Workflow name="test">
        <Task id={{ toString: () => throwIt(make) } as never} output={outputs.result}>
          {{ ok: true }}
        </Task>
      </Workflow>
    ));
  },
  "an effect": (make) => {
    const { smithers, outputs, Task } = outputsThatThrow(make);
    const Boom = () => {
      React.useEffect(() => throwIt(make));
      return (
        <Task id="t" output={outputs.result}>
          {{ ok: true }}
        </Task>
      );
    };
    return smithers(() => (
      <Workflow name="test">
        <Boom />
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

test.each(values)("an input schema that throws %s refuses the input", async (value) => {
  const input = z.object({}).refine(() => throwIt(hostileValues[value]!));
  const { smithers, outputs, Task } = createSmithers({ input, result });
  const workflow = smithers(() => (
    <Workflow name="test">
      <Task id="t" output={outputs.result}>
        {{ ok: true }}
      </Task>
    </Workflow>
  ));
  const error = await run(workflow).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "INVALID_INPUT", details: { issues: [{ message: expect.any(String) }] } });
});
