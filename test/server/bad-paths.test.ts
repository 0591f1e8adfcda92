import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { forAllTests } from "../support/cleanup.ts";
import { folder, write } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

/** A root with a file beside it that no request may reach. */
function rootInside() {
  const outside = folder({ "secret.tsx": echo, "lib/secret.tsx": echo });
  const root = join(outside, "root");
  mkdirSync(root);
  write(root, { "echo.tsx": echo, "notes.md": "# hi", "flows/deep.tsx": echo });
  symlinkSync(join(outside, "secret.tsx"), join(root, "link.tsx"));
  symlinkSync(join(outside, "lib"), join(root, "lib"));
  symlinkSync(join(root, "echo.tsx"), join(root, "inner.tsx"));
  symlinkSync(join(root, "loop.tsx"), join(root, "loop.tsx"));
  return { outside, root };
}

const shared = forAllTests(async () => {
  const { outside, root } = rootInside();
  return { outside, root, server: await serve(root) };
});

const refused: [string, (outside: string, root: string) => string, number, string][] = [
  ["an absolute path", (outside) => join(outside, "secret.tsx"), 400, "WORKFLOW_PATH_OUTSIDE_ROOT"],
  ["a link to a file outside", () => "link.tsx", 400, "WORKFLOW_PATH_OUTSIDE_ROOT"],
  ["a link to a folder outside", () => "lib/secret.tsx", 400, "WORKFLOW_PATH_OUTSIDE_ROOT"],
  ["a folder whose name begins like the root", (_, root) => `${root}-2/x.tsx`, 400, "WORKFLOW_PATH_OUTSIDE_ROOT"],
  ["a folder", () => "flows", 404, "WORKFLOW_NOT_FOUND"],
  ["a link to itself", () => "loop.tsx", 404, "WORKFLOW_NOT_FOUND"],
  ["another kind of file", () => "notes.md", 400, "WORKFLOW_INVALID"],
];

test.each(refused)("%s is refused", async (_, pathOf, status, code) => {
  const { outside, root, server } = shared();
  const answer = await server.post("/v1/runs", { workflowPath: pathOf(outside, root) });
  expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  expect(await server.allRuns()).toEqual([]);
});

const taken: [string, (root: string) => string, string][] = [
  ["a path with a detour", () => "flows/../flows/deep.tsx", "flows/deep.tsx"],
  ["an absolute path inside", (root) => join(root, "flows/deep.tsx"), "flows/deep.tsx"],
  ["a link that stays inside", () => "inner.tsx", "echo.tsx"],
];

test.each(taken)("%s is accepted, and listed relative to the root", async (_, pathOf, listed) => {
  const { root, server } = shared();
  const { runId } = await server.complete(pathOf(root));
  expect((await server.allRuns()).find((run) => run.runId === runId)!.workflowPath).toBe(listed);
});

test("a root that is itself a link is resolved once", async () => {
  const { outside, root } = rootInside();
  symlinkSync(root, join(outside, "alias"));
  const server = await serve(join(outside, "alias"));
  expect((await server.complete("echo.tsx", { msg: 1 })).status).toBe("finished");
});
