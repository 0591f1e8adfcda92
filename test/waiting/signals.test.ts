import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const waits = workflowFile(
  `
  <WaitForEvent id="first" event="paid" output={outputs.payment} />
  <WaitForEvent id="second" event="paid" output={outputs.payment} correlationId={ctx.input.order} />
  <Signal id="address" schema={z.object({ city: z.string() })}>
    {(data) => <Task id="ship" output={outputs.result}>{{ value: data.city }}</Task>}
  </Signal>`,
  { schemas: "payment: z.object({ cents: z.number().int().positive() }), result: z.object({ value: z.any() })" },
);

test("each wait takes the signal of its name and its correlation, and passes the others over", async () => {
  const server = await serve(folder({ "w.tsx": waits }));
  const runId = await server.start("w.tsx", { order: "A1" });
  await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
  await server.signals.send(runId, "paid", { data: { cents: 5 } });
  await server.signals.send(runId, "paid", { data: { cents: 7 }, correlationId: "other" });
  await server.signals.send(runId, "paid", { data: { cents: 8 }, correlationId: "A1" });
  await server.signals.send(runId, "address", { data: { city: "Uppsala" } });
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: "Uppsala" } });
  const outputs = (await server.nodes(runId)).map(({ nodeId, output }) => [nodeId, output]);
  expect(outputs).toEqual([
    ["first", { cents: 5 }],
    ["second", { cents: 8 }],
    ["address", { city: "Uppsala" }],
    ["ship", { value: "Uppsala" }],
  ]);
});

test("a signal that came before its wait and does not fit fails the wait clearly", async () => {
  const server = await serve(folder({ "w.tsx": waits }));
  const runId = await server.start("w.tsx", { order: "A1" });
  await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
  await server.signals.send(runId, "address", { data: { town: 1 } });
  await server.signals.send(runId, "paid", { data: { cents: 5 } });
  await server.signals.send(runId, "paid", { data: { cents: 8 }, correlationId: "A1" });
  expect(await server.end(runId)).toMatchObject({
    status: "failed",
    error: { code: "INVALID_OUTPUT", nodeId: "address", details: { issues: [{ path: ["city"] }] } },
  });
});

test("signals of one name are consumed in the order in which they came, each once", async () => {
  const two = workflowFile(`
    <Timer id="wait" duration="30ms" />
    <WaitForEvent id="a" event="n" output={outputs.result} />
    <WaitForEvent id="b" event="n" output={outputs.result} />
    <WaitForEvent id="c" event="n" output={outputs.result} timeoutMs={30} onTimeout="skip" />`);
  const server = await serve(folder({ "two.tsx": two }));
  const runId = await server.start("two.tsx");
  for (const value of [1, 2]) await server.signals.send(runId, "n", { data: { value } });
  await server.end(runId);
  const states = (await server.nodes(runId)).map(({ nodeId, state, output }) => [nodeId, state, output]);
  expect(states.slice(1)).toEqual([
    ["a", "finished", { value: 1 }],
    ["b", "finished", { value: 2 }],
    ["c", "skipped", null],
  ]);
});
