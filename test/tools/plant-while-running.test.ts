import { expect } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { forAllTests } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder, write } from "../support/folder.ts";
import { type Mechanism, testEachMechanism } from "../support/mechanisms.ts";
import { serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

/** Runs a command below a folder, in the sandbox that its input names. */
const commands = {
  "command.tsx": workflowFile(
    `<Task id="a" output={outputs.result} noRetry>{async () => {
       process.env.SMITHERS_SANDBOX = ctx.input.mechanism;
       return { value: await bash("cd " + ctx.input.folder + "; " + ctx.input.command) };
     }}</Task>`,
  ),
};
const uses = {
  "uses.tsx": workflowFile(`<Task id="a" output={outputs.result}>{() => ({ value: lib })}</Task>`, {
    head: 'import { lib } from "./lib";',
  }),
  "lib.ts": 'export const lib = "honest";',
};

/** One server for all tests. */
const served = forAllTests(async () => {
  const root = folder(commands);
  return { root, server: await serve(root) };
});

/** A folder of its own with a workflow and the module that it imports, for a command to plant another one. */
function withModule(folderName: string) {
  const { root, server } = served();
  write(join(root, folderName), uses);
  const run = (mechanism: Mechanism, command: string) =>
    server.start("command.tsx", { mechanism, folder: folderName, command });
  return { server, run, workflowPath: `${folderName}/uses.tsx`, at: (name: string) => join(root, folderName, name) };
}

const planted = 'export const lib = "planted";';

testEachMechanism(
  "what a running command of %s puts where a workflow would load it is not loaded",
  async (mechanism) => {
    const name = `once-${mechanism}`;
    const { server, run, workflowPath, at } = withModule(name);
    const command = `plant() { echo '${planted}' > lib.tsx; }; plant; touch begun; until [ -e go ]; do sleep 0.05; done`;
    const running = await run(mechanism, command);
    await eventually(() => existsSync(at("begun")));
    expect(existsSync(at("lib.tsx"))).toBe(true);
    expect(await server.complete(workflowPath)).toMatchObject({ output: { value: "honest" } });
    expect(existsSync(at("lib.tsx"))).toBe(false);
    writeFileSync(at("go"), "");
    expect(await server.end(running)).toMatchObject({
      status: "failed",
      error: {
        code: "TOOL_PATH_ESCAPE",
        message: expect.stringContaining(`"${name}/lib.tsx" (now "${name}/lib.tsx.refused")`),
      },
    });
  },
);

testEachMechanism("a command of %s that puts it there again and again lets no run start with it", async (mechanism) => {
  const { server, run, workflowPath, at } = withModule(`again-${mechanism}`);
  const command = `touch begun; until [ -e go ]; do echo '${planted}' > lib.tsx; done`;
  const running = await run(mechanism, command);
  await eventually(() => existsSync(at("lib.tsx")));
  const { status, body } = await server.post("/v1/runs", { workflowPath });
  if (status === 200) expect(await server.end(body.runId)).toMatchObject({ output: { value: "honest" } });
  else expect([status, body.error.code]).toEqual([400, "WORKFLOW_INVALID"]);
  writeFileSync(at("go"), "");
  expect(await server.end(running)).toMatchObject({ error: { code: "TOOL_PATH_ESCAPE" } });
  expect(await server.complete(workflowPath)).toMatchObject({ output: { value: "honest" } });
});
