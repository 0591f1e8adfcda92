import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Frame } from "../../src/model/index.ts";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const branching = workflowFile(`
  <Task id="look" output={outputs.result} label="Look">{() => ({ value: 7 })}</Task>
  <Branch
    if={ctx.outputMaybe(outputs.result, { nodeId: "look" })?.value === 7}
    then={<Task id="then" output={outputs.result}>{() => ({ value: 8 })}</Task>}
  />`);
const loop = (times: number, text = "") =>
  workflowFile(
    `<Loop id="l" until={ctx.iterationCount("result", "t") >= ${times}} maxIterations={99}><Task id="t" output={outputs.result} meta={{ note: ${JSON.stringify(text)}, n: ctx.iterationCount("result", "t") }}>{() => ({ value: 1 })}</Task></Loop>`,
  );

/** [tag, id, children's tags] of an element and everything under it. */
const outline = (node: any): unknown[] => [node.tag, node.props.id, ...node.children.map(outline)];

test("each change of the tree is a frame, with what it mounts", async () => {
  const server = await serve(folder({ "branch.tsx": branching }));
  const { runId } = await server.complete("branch.tsx");
  const { body } = await server.get(`/v1/runs/${runId}/frames`);
  const frames: Frame[] = body;
  expect(frames.map(({ frameNo }) => frameNo)).toEqual([1, 2]);
  expect(Object.keys(frames[0]!).sort()).toEqual(
    ["runId", "frameNo", "createdAtMs", "xmlJson", "xmlHash", "mountedTaskIdsJson", "taskIndexJson"].sort(),
  );
  const [first, second] = frames.map(({ xmlJson }) => JSON.parse(xmlJson));
  expect(outline(first)).toEqual(["smithers:workflow", undefined, ["smithers:task", "look"]]);
  expect(outline(second)).toEqual([
    "smithers:workflow",
    undefined,
    ["smithers:task", "look"],
    ["smithers:task", "then"],
  ]);
  expect(Object.keys(second)).toEqual(["kind", "tag", "props", "children"]);
  expect([second.kind, second.props.name, second.children[0].props.label]).toEqual(["element", "test", "Look"]);
  expect(frames.map(({ mountedTaskIdsJson }) => JSON.parse(mountedTaskIdsJson))).toEqual([["look"], ["look", "then"]]);
  expect(JSON.parse(frames[1]!.taskIndexJson)).toMatchObject([
    { nodeId: "look", iteration: 0, ordinal: 0 },
    { nodeId: "then", iteration: 0, ordinal: 1 },
  ]);
  for (const { xmlJson, xmlHash } of frames) {
    expect(xmlHash).toBe(createHash("sha256").update(xmlJson).digest("hex"));
  }
});

test("a frame is told by an event of the same number and hash", async () => {
  const server = await serve(folder({ "branch.tsx": branching }));
  const { runId } = await server.complete("branch.tsx");
  const told: unknown[] = [];
  for await (const { event } of server.events(runId)) {
    if (event.type === "FrameCommitted") told.push([event.frameNo, event.xmlHash]);
  }
  const { body } = await server.get(`/v1/runs/${runId}/frames`);
  expect(body.map(({ frameNo, xmlHash }: Frame) => [frameNo, xmlHash])).toEqual(told);
});

test("frames are read page by page: limit, afterFrameNo, and a Link while there are more", async () => {
  const server = await serve(folder({ "loop.tsx": loop(7) }));
  const { runId } = await server.complete("loop.tsx");
  const all: Frame[] = (await server.get(`/v1/runs/${runId}/frames`)).body;
  expect(all.length).toBeGreaterThan(7);
  const seen: Frame[] = [];
  for (let path = `/v1/runs/${runId}/frames?limit=3`; path !== ""; ) {
    const { headers, body } = await server.get(path);
    expect(body.length).toBeLessThanOrEqual(3);
    seen.push(...body);
    const link = headers.get("link");
    path = link === null ? "" : /^<(.+)>; rel="next"$/.exec(link)![1]!;
  }
  expect(seen).toEqual(all);
  expect((await server.get(`/v1/runs/${runId}/frames?afterFrameNo=${all.length}`)).body).toEqual([]);
  expect((await server.get(`/v1/runs/${runId}/frames?afterFrameNo=2&limit=1`)).body).toEqual([all[2]]);
});

test("a page of large trees is cut short, and its Link leads to the rest", async () => {
  const server = await serve(folder({ "loop.tsx": loop(2, "x".repeat(3_000_000)) }));
  const { runId } = await server.complete("loop.tsx");
  const { headers, body } = await server.get(`/v1/runs/${runId}/frames?limit=1000`);
  expect(body.map(({ frameNo }: Frame) => frameNo)).toEqual([1, 2]);
  expect(headers.get("link")).toBe(`</v1/runs/${runId}/frames?limit=1000&afterFrameNo=2>; rel="next"`);
});

test("a tree that grows task by task is told whole at every frame, and stored as what is new", async () => {
  const root = folder({
    "grow.tsx": workflowFile(
      `{Array.from({ length: Math.min(150, ctx.outputs("result").length + 1) }, (_, n) => (
        <Task key={n} id={"t" + n} output={outputs.result} label={"\u{1f600} " + n}>{() => ({ value: n })}</Task>
      ))}`,
    ),
  });
  const first = await serve(root);
  const { runId } = await first.complete("grow.tsx");
  await first.close();
  const told: Frame[] = [];
  const second = await serve(root);
  for (let after = 0; told.length === after; after += 40) {
    told.push(...(await second.get(`/v1/runs/${runId}/frames?limit=40&afterFrameNo=${after}`)).body);
  }
  expect(told.map(({ mountedTaskIdsJson }) => JSON.parse(mountedTaskIdsJson).length)).toEqual([
    ...Array.from({ length: 150 }, (_, n) => n + 1),
  ]);
  for (const { xmlJson, xmlHash, taskIndexJson, mountedTaskIdsJson } of told) {
    expect(createHash("sha256").update(xmlJson).digest("hex")).toBe(xmlHash);
    const index: { nodeId: string }[] = JSON.parse(taskIndexJson);
    expect(index.map(({ nodeId }) => nodeId)).toEqual(JSON.parse(mountedTaskIdsJson));
  }
  const toldBytes = told.reduce((sum, { xmlJson, taskIndexJson }) => sum + xmlJson.length + taskIndexJson.length, 0);
  expect(statSync(join(root, "smithers.db")).size).toBeLessThan(toldBytes / 4);
  await second.close();
});
