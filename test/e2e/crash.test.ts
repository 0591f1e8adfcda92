import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { workflowFile } from "../support/workflows.ts";

/** Ten steps that note their starts; the sixth waits for a file, so that it is under way when the process dies. */
const tenSteps = workflowFile(
  `{Array.from({ length: 10 }, (_, n) => (
      <Task id={"step" + n} output={outputs.result}>
        {async () => {
          appendFileSync("starts.log", "step" + n + "\\n");
          if (n === 5) await fileAt("go");
          return { value: n };
        }}
      </Task>
    ))}`,
);

test("after kill -9, resume runs the attempt in flight again and no finished task", async () => {
  const root = folder({ "ten.tsx": tenSteps });
  const first = await ServerProcess.start(root);
  const runId = await first.start("ten.tsx");
  await first.until(runId, (event) => event.type === "NodeStarted" && event.nodeId === "step5");
  await eventually(() => readFileSync(join(root, "starts.log"), "utf8").includes("step5"));
  await first.kill();

  const second = await ServerProcess.start(root);
  const { status, body } = await second.post("/v1/runs", { workflowPath: "ten.tsx", runId, resume: true });
  // A server that starts takes such a run over by itself; whoever asks for it is told.
  expect([status, body.runId ?? body.error.code]).toBeOneOf([
    [200, runId],
    [409, "RUN_IN_PROGRESS"],
  ]);
  await Bun.write(join(root, "go"), "");
  expect(await second.end(runId)).toMatchObject({ status: "finished", output: { value: 9 } });

  const starts = readFileSync(join(root, "starts.log"), "utf8").trim().split("\n");
  expect(starts).toEqual([0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9].map((n) => `step${n}`));
  const nodes = await second.nodes(runId);
  expect(nodes.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1, 2, 1, 1, 1, 1]);
  const seqs: number[] = [];
  const types: string[] = [];
  for await (const { id, event } of second.events(runId)) {
    seqs.push(id);
    types.push(event.type);
  }
  expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  expect(types.at(-1)).toBe("RunFinished");
});
