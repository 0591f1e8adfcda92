import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const later = workflowFile(`
  <Task id="hold" output={outputs.result}>{async () => { await fileAt(ctx.input.gate); return { value: 0 }; }}</Task>
  <WaitForEvent id="w" event="go" output={outputs.result} />`);

test("a signal that comes before its wait is kept for it", async () => {
  const root = folder({ "later.tsx": later });
  const server = await serve(root);
  const gate = `${root}/gate`;
  const runId = await server.start("later.tsx", { gate });
  await server.until(runId, ({ type }) => type === "NodeStarted");
  expect((await server.post(`/v1/runs/${runId}/signals/go`, { data: { value: "early" } })).status).toBe(200);
  await Bun.write(gate, "");
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: "early" } });
});
