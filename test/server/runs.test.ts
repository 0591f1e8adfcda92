import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

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
