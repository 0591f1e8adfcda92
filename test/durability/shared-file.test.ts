import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { inStore } from "../support/run.ts";
import { workflowFile } from "../support/workflows.ts";

const work = workflowFile(
  `<Parallel>{[1, 2, 3].map((n) => <Task key={n} id={"part" + n} output={outputs.result}>{(task) => note(task, n)}</Task>)}</Parallel>
   <Approval id="ask" output={outputs.decision} request={{ title: "?" }} />
   <WaitForEvent id="go" event="go" output={outputs.result} />
   <Task id="last" output={outputs.result}>{(task) => note(task, ctx.output(outputs.result, { nodeId: "go" }).value)}</Task>`,
  {
    schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })",
    head: `const note = async (task, value) => { appendFileSync("ledger", task.idempotencyKey + "\\n"); return { value }; };`,
  },
);

const runCount = 12;

test("two servers and a third process work on one file: nothing is locked, done twice or out of order", async () => {
  const root = folder({ "work.tsx": work });
  const [first, second] = await Promise.all([ServerProcess.start(root), ServerProcess.start(root)]);
  const servers = [first, second];
  const runs = Array.from({ length: runCount }, async (_, n) => {
    const [here, there] = n % 2 === 0 ? servers : [...servers].reverse();
    const runId = await here!.start("work.tsx");
    await there!.until(runId, ({ type }) => type === "NodeWaitingApproval");
    await there!.approvals.approve(runId, "ask");
    return runId;
  });
  const runIds = await Promise.all(runs);
  await inStore(join(root, "smithers.db"), (store) =>
    Promise.all(runIds.map((runId, value) => store.receiveSignal({ runId, name: "go", data: { value } }, Date.now()))),
  );
  for (const [value, runId] of runIds.entries()) {
    for (const server of servers) {
      const seqs: number[] = [];
      for await (const { id } of server.events(runId)) seqs.push(id);
      expect(seqs).toEqual(seqs.map((_, index) => index + 1));
      expect(await server.run(runId)).toMatchObject({ status: "finished", output: { value } });
    }
    expect((await first.nodes(runId)).map(({ attempt }) => attempt)).toEqual([1, 1, 1, 0, 0, 1]);
  }
  const executed = readFileSync(join(root, "ledger"), "utf8").trim().split("\n");
  expect(executed).toHaveLength(runCount * 4);
  expect(new Set(executed).size).toBe(executed.length);
});
