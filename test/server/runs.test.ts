import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

test("a posted run is executed and its result read over HTTP", async () => {
  const server = await serve(folder({ "echo.tsx": echo }));
  const run = await server.complete("./echo.tsx", { msg: "hi" });
  expect(run).toMatchObject({
    status: "finished",
    output: { value: "hi" },
    summary: { finished: 1 },
    workflowName: "test",
  });
  expect(await server.nodes(run.runId)).toMatchObject([
    { nodeId: "say", iteration: 0, state: "finished", attempt: 1, output: { value: "hi" }, error: null },
  ]);
});

const slowCheck = workflowFile(`<Task id="fixed" output={outputs.result}>{{ value: ctx.input.gate }}</Task>`, {
  schemas: `result: z.object({ value: z.string() }).refine(async ({ value: gate }) => {
    await fileAt(gate);
    return true;
  })`,
});

test("a run whose first step takes its time is answered for at once, and is there", async () => {
  const root = folder({ "slow.tsx": slowCheck });
  const gate = join(root, "gate");
  const server = await serve(root);
  const runId = await server.start("slow.tsx", { gate });
  expect((await server.get(`/v1/runs/${runId}`)).body).toMatchObject({ runId, status: "running" });
  writeFileSync(gate, "");
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: gate } });
});

test("of many starts under one id at once one is executed, and the others leave no trace of a turn", async () => {
  const root = folder({
    "count.tsx": workflowFile(
      `<Task id="once" output={outputs.result}>{() => { appendFileSync(ctx.input.ledger, "x"); return { value: 1 }; }}</Task>`,
    ),
  });
  const ledger = join(root, "ledger");
  const server = await serve(root);
  const body = { workflowPath: "count.tsx", runId: "same", input: { ledger } };
  const answers = await Promise.all(Array.from({ length: 30 }, () => server.post("/v1/runs", body)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(29).fill(409)]);
  expect((await server.end("same")).status).toBe("finished");
  expect(readFileSync(ledger, "utf8")).toBe("x");
  const types = (await Array.fromAsync(server.events("same"))).map(({ event }) => event.type);
  expect(types.filter((type) => type === "NodeStarted" || type === "RunStarted")).toEqual([
    "RunStarted",
    "NodeStarted",
  ]);
});
