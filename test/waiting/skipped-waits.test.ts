import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const schemas = "result: z.object({ value: z.any() }), decision: approvalDecisionSchema";

test.each([
  ["an Approval", `<Approval id="g" output={outputs.decision} request={{ title: "?" }} skipIf={gone} />`],
  ["an event", `<WaitForEvent id="g" event="ev" output={outputs.result} skipIf={gone} />`],
  ["a Timer", `<Timer id="g" duration="1h" skipIf={gone} />`],
  [
    "a task that needs an approval",
    '<Task id="g" needsApproval output={outputs.result} skipIf={gone}>{{ value: 1 }}</Task>',
  ],
])("%s that is skipped while it waits is withdrawn, and what follows continues", async (_, wait) => {
  const tree = `<Sequence>
    <Parallel>${wait.replace("gone", `ctx.outputMaybe("result", { nodeId: "w" }) !== undefined`)}
      <WaitForEvent id="w" event="go" output={outputs.result} />
    </Parallel>
    <Task id="after" output={outputs.result}>{{ value: "after" }}</Task>
  </Sequence>`;
  const server = await serve(folder({ "w.tsx": workflowFile(tree, { schemas }) }));
  const runId = await server.start("w.tsx");
  for (const nodeId of ["g", "w"]) {
    await server.until(
      runId,
      (event) => event.type.startsWith("NodeWaiting") && Reflect.get(event, "nodeId") === nodeId,
    );
  }
  await server.signals.send(runId, "go", { data: { value: 1 } });
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: "after" } });
  expect((await server.nodes(runId)).map(({ nodeId, state }) => [nodeId, state])).toEqual([
    ["g", "skipped"],
    ["w", "finished"],
    ["after", "finished"],
  ]);
  expect((await server.post(`/v1/runs/${runId}/nodes/g/approve`, {})).body.error.code).toBe("NODE_NOT_WAITING");
});

const asking = (limit: string) =>
  workflowFile(`<Approval id="g" output={outputs.decision} request={{ title: "?" }} ${limit} />`, { schemas });

test("a limit that an edit gives to a wait begins with the edit", async () => {
  const root = folder({ "w.tsx": asking("") });
  const server = await serve(root);
  const runId = await server.start("w.tsx");
  await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
  writeFileSync(join(root, "w.tsx"), asking("timeoutMs={50}"));
  await server.runs.resume(runId);
  expect(await server.end(runId)).toMatchObject({ status: "failed", error: { code: "APPROVAL_TIMEOUT" } });
});

test("a limit that an edit takes from a wait does not end it", async () => {
  const root = folder({ "w.tsx": asking("timeoutMs={3_000}") });
  const server = await serve(root);
  const runId = await server.start("w.tsx");
  await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
  writeFileSync(join(root, "w.tsx"), asking(""));
  await server.runs.resume(runId);
  // Another run, whose limit is longer, ends after the limit would have.
  writeFileSync(join(root, "other.tsx"), asking("timeoutMs={3_200}"));
  await server.end(await server.start("other.tsx"));
  expect((await server.run(runId)).status).toBe("waiting-approval");
  await server.approvals.approve(runId, "g");
  expect((await server.end(runId)).status).toBe("finished");
});
