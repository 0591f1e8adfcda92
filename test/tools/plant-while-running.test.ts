import { expect } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { onlySandbox, testEachMechanism } from "../support/mechanisms.ts";
import { serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const files = {
  "command.tsx": workflowFile(
    `<Task id="a" output={outputs.result} noRetry>{async () => ({ value: await bash(ctx.input.command) })}</Task>`,
  ),
  "uses.tsx": workflowFile(`<Task id="a" output={outputs.result}>{() => ({ value: lib })}</Task>`, {
    head: 'import { lib } from "./lib";',
  }),
  "lib.ts": 'export const lib = "honest";',
};

const planted = 'export const lib = "planted";';

testEachMechanism(
  "what a running command of %s puts where a workflow would load it is not loaded",
  async (mechanism) => {
    onlySandbox(mechanism);
    const root = folder(files);
    const server = await serve(root);
    const command = `plant() { echo '${planted}' > lib.tsx; }; plant; touch begun; until [ -e go ]; do sleep 0.05; done`;
    const running = await server.start("command.tsx", { command });
    await eventually(() => existsSync(join(root, "begun")));
    expect(existsSync(join(root, "lib.tsx"))).toBe(true);
    expect(await server.complete("uses.tsx")).toMatchObject({ output: { value: "honest" } });
    expect(existsSync(join(root, "lib.tsx"))).toBe(false);
    writeFileSync(join(root, "go"), "");
    expect(await server.end(running)).toMatchObject({
      status: "failed",
      error: { code: "TOOL_PATH_ESCAPE", message: expect.stringContaining('"lib.tsx" (now "lib.tsx.refused")') },
    });
  },
);

testEachMechanism("a command of %s that puts it there again and again lets no run start with it", async (mechanism) => {
  onlySandbox(mechanism);
  const root = folder(files);
  const server = await serve(root);
  const command = `touch begun; until [ -e go ]; do echo '${planted}' > lib.tsx; done`;
  const running = await server.start("command.tsx", { command });
  await eventually(() => existsSync(join(root, "lib.tsx")));
  const { status, body } = await server.post("/v1/runs", { workflowPath: "uses.tsx" });
  if (status === 200) expect(await server.end(body.runId)).toMatchObject({ output: { value: "honest" } });
  else expect([status, body.error.code]).toEqual([400, "WORKFLOW_INVALID"]);
  writeFileSync(join(root, "go"), "");
  expect(await server.end(running)).toMatchObject({ error: { code: "TOOL_PATH_ESCAPE" } });
  expect(await server.complete("uses.tsx")).toMatchObject({ output: { value: "honest" } });
});
