import { expect, test } from "bun:test";
import { forAllTests } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const text = "2027-01-31T09:00:00.000Z";
const schemas = `input: z.object({
    at: z.date(),
    days: z.array(z.date()).default([]),
    local: z.coerce.date().optional(),
    piped: z.string().transform((given) => new Date(given)).pipe(z.date()).optional(),
  }),
  when: z.object({ at: z.date().min(new Date("2020-01-01")) }),
  kind: z.object({ kinds: z.array(z.string()) })`;
const tree = `
  <WaitForEvent id="event" event="go" output={outputs.when} />
  <Signal id="told" schema={z.object({ at: z.date() })} />
  <HumanTask id="asked" output={outputs.when} prompt="When?" />
  <Task id="kinds" output={outputs.kind} deps={{ event: outputs.when, asked: outputs.when }}>
    {({ event, asked }) => ({ kinds: [ctx.input.at, ...ctx.input.days, ctx.input.local, ctx.input.piped, event.at, asked.at]
      .map((one) => one instanceof Date ? one.toISOString() : typeof one) })}
  </Task>`;

const serving = forAllTests(() => {
  const head = `import { HumanTask } from "smithers-orchestrator";`;
  return serve(folder({ "w.tsx": workflowFile(tree, { schemas, head }) }));
});

test("a Date of an input, a signal and an answer is an ISO text of their JSON", async () => {
  const server = serving();
  const input = { at: text, days: ["2027-01-31"], local: text, piped: text };
  const runId = await server.start("w.tsx", input);
  await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
  await server.signals.send(runId, "go", { data: { at: text } });
  await server.signals.send(runId, "told", { data: { at: text } });
  await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
  const answer = await server.post(`/v1/runs/${runId}/nodes/asked/approve`, { note: JSON.stringify({ at: text }) });
  expect(answer.status).toBe(200);
  const midnight = "2027-01-31T00:00:00.000Z";
  expect(await server.end(runId)).toMatchObject({
    status: "finished",
    output: { kinds: [text, midnight, text, text, text, text] },
  });
});

test.each(["tomorrow", "2027-01-31T09:00:00", "2027-02-30T09:00:00Z", 5, null])("%p is not a Date", async (at) => {
  const server = serving();
  const { status, body } = await server.post("/v1/runs", { workflowPath: "w.tsx", input: { at } });
  expect([status, body.error.code, body.error.details.issues[0].path]).toEqual([400, "INVALID_INPUT", ["at"]]);
});

test("a Date that JSON gives must still pass the checks of its schema", async () => {
  const server = serving();
  const runId = await server.start("w.tsx", { at: text });
  await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
  const { status, body } = await server.post(`/v1/runs/${runId}/signals/go`, { data: { at: "2019-01-01T00:00:00Z" } });
  expect([status, body.error.code]).toEqual([400, "INVALID_INPUT"]);
});
