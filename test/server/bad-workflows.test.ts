import { expect, test } from "bun:test";
import { errorCodes } from "../../src/errors/index.ts";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const task = (props: string, children = "{{ value: 1 }}") =>
  `<Task ${props} output={outputs.result}>${children}</Task>`;
const noRoot = workflowFile("").replace(/<Workflow[\s\S]*<\/Workflow>/, task('id="a"'));

/** What a workflow's tree is, the code that its run ends with, and what the message names. */
const bad: Record<string, [string, keyof typeof errorCodes, string]> = {
  "no Workflow at its root": [noRoot, "INVALID_WORKFLOW", "exactly one <Workflow>"],
  "a Task without id": [workflowFile(task("")), "INVALID_WORKFLOW", "id is required"],
  "a Task without output": [workflowFile(`<Task id="a">{{}}</Task>`), "INVALID_WORKFLOW", "output is required"],
  "an output key that does not exist": [
    workflowFile(`<Task id="a" output="nope">{{}}</Task>`),
    "INVALID_WORKFLOW",
    '"nope" is not an output',
  ],
  "a negative duration": [
    workflowFile(`<Timer id="t" duration="-5s" />`),
    "INVALID_WORKFLOW",
    '"-5s" is not a duration',
  ],
  "a negative timeoutMs": [workflowFile(task('id="a" timeoutMs={-1}')), "INVALID_WORKFLOW", "timeoutMs"],
  "circular needs": [
    workflowFile(`<Parallel>${task('id="a" needs={{ x: "b" }}')}${task('id="b" needs={{ x: "a" }}')}</Parallel>`),
    "CIRCULAR_DEPENDENCY",
    "a → b → a",
  ],
  "an output that is a BigInt": [
    workflowFile(task('id="a" retries={0}', "{() => ({ value: 1n })}")),
    "INVALID_OUTPUT",
    "BigInt",
  ],
  "an output that is a cycle": [
    workflowFile(task('id="a" retries={0}', "{() => { const o: any = {}; o.o = o; return { value: o }; }}")),
    "INVALID_OUTPUT",
    '"a" cannot be stored as JSON',
  ],
  "an output of 50 MB": [
    workflowFile(task('id="a"', '{() => ({ value: "x".repeat(50_000_000) })}')),
    "OUTPUT_TOO_LARGE",
    "the limit is 10485760",
  ],
  "code that throws while it is rendered": [
    workflowFile(task('id="a"', "{{ value: ctx.input.no.such }}")),
    "RENDER_FAILED",
    "no.such",
  ],
  "a component that is undefined": [
    workflowFile("<Missing />", { head: "const { Missing } = {} as any;" }),
    "RENDER_FAILED",
    "An element's component is undefined; it must be a function",
  ],
  "an object among elements": [
    workflowFile("{new Date() as any}"),
    "RENDER_FAILED",
    "something that cannot be rendered: [object Date].",
  ],
  "a component that sets state whenever it renders": [
    workflowFile("<Endless />", {
      head: `import { useState } from "react";
const Endless = () => { const [n, set] = useState(0); set(n + 1); return null; };`,
    }),
    "RENDER_FAILED",
    "sets state each time that it is rendered",
  ],
};

test("a bad workflow fails its run with a code and advice, and the server continues", async () => {
  const names = Object.keys(bad);
  const files = Object.fromEntries(names.map((_, index) => [`bad-${index}.tsx`, bad[names[index]!]![0]]));
  const date = workflowFile(task('id="a"', "{() => ({ value: new Date(0) })}"));
  const root = folder({ ...files, "echo.tsx": echo, "date.tsx": date });
  const server = await serve(root);
  for (const [index, name] of names.entries()) {
    const [, code, message] = bad[name]!;
    const run = await server.complete(`bad-${index}.tsx`);
    expect([name, run.status, run.error?.code]).toEqual([name, "failed", code]);
    expect(run.error!.message).toContain(message);
    expect(run.error!.message).toContain(errorCodes[code].advice);
    expect(run.error!.message).not.toContain(root);
    expect(run.runState.state).toBe("failed");
  }
  const { body } = await server.get("/v1/runs?status=failed");
  expect(body).toHaveLength(names.length);
  expect(await server.complete("echo.tsx", { msg: "hi" })).toMatchObject({ output: { value: "hi" } });
  // A Date is no mistake: in an output it is an ISO text.
  expect((await server.complete("date.tsx")).output).toEqual({ value: "1970-01-01T00:00:00.000Z" });
});
