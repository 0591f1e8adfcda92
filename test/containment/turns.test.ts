import { expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { workflowFile } from "../support/workflows.ts";

// What they compute takes long enough to be optimized; see test/support/preload.ts.
process.env.BUN_JSC_useDFGJIT = "1";
process.env.BUN_JSC_thresholdForJITAfterWarmUp = "500";

const result = { schemas: "result: z.object({ value: z.any() }), d: approvalDecisionSchema" };
const growing = `{Array.from({ length: ctx.outputs("result").length + 1 }, (_, i) => <Task key={i} id={"g" + i} output={outputs.result}>{{ value: i }}</Task>)}`;
const files = {
  "later.tsx": workflowFile(
    `<Approval id="go" output={outputs.d} request={{ title: "go?" }} />
     {ctx.outputMaybe("d", { nodeId: "go" }) ? <>${growing}</> : null}`,
    result,
  ),
  "blocks.tsx": workflowFile(
    `<Task id="t" output={outputs.result}>{() => { while (!existsSync("go")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10); return { value: 1 }; }}</Task>`,
  ),
  "echo.tsx": workflowFile(`<Task id="say" output={outputs.result}>{() => ({ value: 1 })}</Task>`),
};

test("a tree without end fails its run after a crash, and the server answers meanwhile", async () => {
  const root = folder(files);
  const first = await ServerProcess.start(root, { SMITHERS_LOG_LEVEL: "silent" });
  const runId = await first.start("later.tsx");
  await first.until(runId, ({ type }) => type === "NodeWaitingApproval");
  await first.approvals.approve(runId, "go");
  await first.until(runId, ({ type }) => type === "NodeFinished");
  await first.kill();
  const second = await ServerProcess.start(root, { SMITHERS_LOG_LEVEL: "silent" });
  expect((await second.complete("echo.tsx")).status).toBe("finished");
  expect(await second.end(runId)).toMatchObject({ status: "failed", error: { code: "RENDER_LOOP" } });
});

test("the request that starts a run is answered before the run's code blocks the process", async () => {
  const root = folder({ ...files, go: "" });
  const server = await ServerProcess.start(root, { SMITHERS_LOG_LEVEL: "silent" });
  await server.complete("blocks.tsx");
  rmSync(join(root, "go"));
  // An answer that came after the run's code would never come.
  const runId = await server.start("blocks.tsx");
  writeFileSync(join(root, "go"), "");
  expect((await server.end(runId)).status).toBe("finished");
});
