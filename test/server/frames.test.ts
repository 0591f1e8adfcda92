import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Frame } from "../../src/model/index.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

/** A tree of about `kilobytes`, in a frame per iteration. */
const loop = (times: number, kilobytes: number) =>
  workflowFile(
    `<Parallel>{Array.from({ length: ${kilobytes} / 10 }, (_, n) => <Task key={n} id={"s" + n} output={outputs.result} meta={{ note: "x".repeat(10_000) }}>{{ value: n }}</Task>)}</Parallel>
     <Loop id="l" until={ctx.iterationCount("result", "t") >= ${times}} maxIterations={99}><Task id="t" output={outputs.result} meta={{ n: ctx.iterationCount("result", "t") }}>{() => ({ value: 1 })}</Task></Loop>`,
  );

test("a page of large trees is cut short, and its Link leads to the rest", async () => {
  const server = await serve(folder({ "loop.tsx": loop(2, 3_000) }));
  const { runId } = await server.complete("loop.tsx");
  const { headers, body } = await server.get(`/v1/runs/${runId}/frames?limit=1000&order=asc`);
  expect(body.map(({ frameNo }: Frame) => frameNo)).toEqual([1, 2]);
  expect(headers.get("link")).toBe(`</v1/runs/${runId}/frames?limit=1000&order=asc&afterFrameNo=2>; rel="next"`);
});

test("frames of a growing tree are returned whole, and stored as differences", async () => {
  const root = folder({
    "grow.tsx": workflowFile(
      `{Array.from({ length: Math.min(110, ctx.outputs("result").length + 1) }, (_, n) => (
        <Task key={n} id={"t" + n} output={outputs.result} label={"\u{1f600} ".repeat(40) + n}>{() => ({ value: n })}</Task>
      ))}`,
    ),
  });
  const first = await serve(root);
  const { runId } = await first.complete("grow.tsx");
  await first.close();
  const told: Frame[] = [];
  const second = await serve(root);
  for (let after = 0; told.length === after; after += 40) {
    told.push(...(await second.get(`/v1/runs/${runId}/frames?limit=40&order=asc&afterFrameNo=${after}`)).body);
  }
  expect(told.map(({ mountedTaskIdsJson }) => JSON.parse(mountedTaskIdsJson).length)).toEqual(
    Array.from({ length: 110 }, (_, n) => n + 1),
  );
  for (const { xmlJson, xmlHash, taskIndexJson, mountedTaskIdsJson } of told) {
    expect(createHash("sha256").update(xmlJson).digest("hex")).toBe(xmlHash);
    const index: { nodeId: string }[] = JSON.parse(taskIndexJson);
    expect(index.map(({ nodeId }) => nodeId)).toEqual(JSON.parse(mountedTaskIdsJson));
  }
  const toldBytes = told.reduce((sum, { xmlJson, taskIndexJson }) => sum + xmlJson.length + taskIndexJson.length, 0);
  expect(statSync(join(root, "smithers.db")).size).toBeLessThan(toldBytes / 4);
  await second.close();
});
