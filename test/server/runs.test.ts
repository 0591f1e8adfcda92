import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { serve, serveWithoutWorkers } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const slowCheck = workflowFile(`<Task id="fixed" output={outputs.result}>{{ value: ctx.input.gate }}</Task>`, {
  schemas: `result: z.object({ value: z.string() }).refine(async ({ value: gate }) => {
    await fileAt(gate);
    return true;
  })`,
});

test("a run with a slow first step is answered at once, and can be read", async () => {
  const root = folder({ "slow.tsx": slowCheck });
  const gate = join(root, "gate");
  const server = await serveWithoutWorkers(root);
  const runId = await server.start("slow.tsx", { gate });
  expect((await server.get(`/v1/runs/${runId}`)).body).toMatchObject({ runId, status: "running" });
  writeFileSync(gate, "");
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: gate } });
});

test("of many concurrent starts with one id only one is executed, and the others leave no turn", async () => {
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

test("a run of nothing but literals ends in one turn, and its terminal event is the last", async () => {
  const literal = workflowFile(`<Task id="a" output={outputs.result}>{{ value: 1 }}</Task>`);
  const server = await serveWithoutWorkers(folder({ "literal.tsx": literal }));
  const runId = await server.start("literal.tsx");
  const types = (await Array.fromAsync(server.events(runId))).map(({ event }) => event.type);
  expect(types.filter((type) => type === "FrameCommitted")).toHaveLength(1);
  expect(types.at(-1)).toBe("RunFinished");
});
