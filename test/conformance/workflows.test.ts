import { expect, test } from "bun:test";
import type { WorkflowItem } from "../../src/api/index.ts";
import { file, target } from "./target.ts";

const path = (name: string) => file(name).replace(/^\.\//, "");

async function listed(query = ""): Promise<WorkflowItem[]> {
  const all: WorkflowItem[] = [];
  for await (const page of target.pages(`/v1/workflows${query}`)) all.push(...page);
  return all;
}

test("GET /v1/workflows lists the workflow files, with the JSON Schema of an input that has one", async () => {
  const workflows = await listed();
  const find = (name: string) => workflows.find(({ workflowPath }) => workflowPath === path(name));
  expect(find("echo")).toEqual({ workflowPath: path("echo"), name: expect.any(String) });
  expect(find("typed")!.inputSchema).toEqual({
    type: "object",
    properties: {
      to: expect.objectContaining({ type: "string", format: "email" }),
      times: expect.objectContaining({ type: "integer", exclusiveMinimum: 0, default: 3 }),
    },
    required: ["to"],
  });
  expect(find("no-workflow")).toBeUndefined();
  const paths = workflows.map(({ workflowPath }) => workflowPath);
  expect(paths).toEqual([...paths].sort());
});

test("GET /v1/workflows is read in pages, each file once", async () => {
  expect((await listed("?limit=2")).map(({ workflowPath }) => workflowPath)).toEqual(
    (await listed()).map(({ workflowPath }) => workflowPath),
  );
});

test("what GET /v1/workflows lists can be started as it is named", async () => {
  const { workflowPath } = (await listed()).find((one) => one.workflowPath === path("echo"))!;
  expect((await target.complete(workflowPath, { msg: 1 })).output).toEqual({ value: 1 });
});
