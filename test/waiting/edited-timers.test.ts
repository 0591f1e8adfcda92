import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

/** A timer that is edited into something else while it waits; test/engine/redefined.test.tsx has the other kinds. */

const kinds = {
  "long-timer": `<Timer id="g" duration="1h" />`,
  timer: `<Timer id="g" duration="1500ms" />`,
  approval: `<Approval id="g" output={outputs.result} request={{ title: "go?" }} />`,
  select: `<Approval id="g" mode="select" options={["x", "y"]} output={outputs.result} request={{ title: "which?" }} />`,
  event: `<WaitForEvent id="g" event="ev" output={outputs.result} />`,
  "with-id": `<WaitForEvent id="g" event="ev" correlationId="c1" output={outputs.result} />`,
  signal: `<Signal id="g" schema={z.object({ n: z.number() })} />`,
  task: `<Task id="g" output={outputs.result}>{() => ({ value: "ran" })}</Task>`,
  asktask: `<Task id="g" needsApproval output={outputs.result}>{() => ({ value: "ran" })}</Task>`,
};
type Kind = keyof typeof kinds;

const file = (kind: Kind) =>
  workflowFile(`${kinds[kind]}<Task id="after" output={outputs.result}>{() => ({ value: 9 })}</Task>`, {
    schemas: "result: z.looseObject({ selected: z.string().nullish(), n: z.number().optional() })",
  });

async function edited(from: Kind, to: Kind) {
  const root = folder({ "w.tsx": file(from) });
  const server = await serve(root);
  const runId = await server.start("./w.tsx");
  await server.until(runId, ({ type }) => type === "NodeWaitingTimer");
  writeFileSync(join(root, "w.tsx"), file(to));
  return { server, runId };
}

const data = { n: 2 };
/** What gives the new kind what it asks for: the path below the run, and the body. */
const asked: [Kind, string, unknown, string][] = [
  ["approval", "nodes/g/approve", {}, "approval"],
  ["select", "nodes/g/approve", { selected: "x" }, "approval"],
  ["event", "signals/ev", { data }, "event"],
  ["with-id", "signals/ev", { data, correlationId: "c1" }, "event"],
  ["signal", "signals/g", { data }, "event"],
  ["asktask", "nodes/g/approve", {}, "approval"],
];

test.each(asked)("a timer, then %s: it waits for that, and not for the time", async (to, path, body, kind) => {
  const { server, runId } = await edited("long-timer", to);
  await server.runs.resume(runId);
  await server.until(runId, ({ type }) => type === "NodeWaitingApproval" || type === "NodeWaitingEvent");
  const { runState } = await server.run(runId);
  expect(runState.blocked).toMatchObject({ kind, nodeId: "g" });
  expect(runState.blocked!.unblock).toContain(path.split("/").slice(0, 2).join("/"));
  expect((await server.post(`/v1/runs/${runId}/${path}`, body)).status).toBe(200);
  const types: string[] = [];
  for await (const { event } of server.events(runId)) types.push(event.type);
  expect(types.at(-1)).toBe("RunFinished");
  expect(types).not.toContain("TimerFired");
  expect(types).toContain("TimerCancelled");
});

test("a timer, then a task, without a resume: when the time comes the file is read and the task runs", async () => {
  const { server, runId } = await edited("timer", "task");
  await server.until(runId, ({ type }) => type === "RunFinished");
  const [g] = await server.nodes(runId);
  expect(g).toMatchObject({ nodeId: "g", output: {} });
  expect(g!.output).not.toHaveProperty("firedAtMs");
});

test("a timer keeps its time when its duration is edited", async () => {
  const { server, runId } = await edited("long-timer", "timer");
  const before = (await server.run(runId)).runState.blocked!.firesAtMs;
  await server.runs.resume(runId);
  await server.until(runId, ({ type }) => type === "WorkflowReloaded");
  expect((await server.run(runId)).runState.blocked!.firesAtMs).toBe(before);
});
