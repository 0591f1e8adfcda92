import { expect, test } from "bun:test";
import { existsSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { inStore } from "../support/run.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const tools = workflowFile(
  `<Task id="tool" output={outputs.result}>{async () => ({ value: String(await call(ctx.input).catch(({ code }) => code)) })}</Task>`,
  {
    head: `import { edit, grep, read, write } from "smithers-orchestrator";
const calls = { bash, edit, grep, read, write };
const call = async ({ tool, given }) => calls[tool](given);`,
  },
);

/** Opens and closes the database in another process. The last that closes one removes its log. */
const openElsewhere = (root: string) => inStore(join(root, "smithers.db"), async () => {});

test("what is accepted after a command has run is kept, also when another process has used the database", async () => {
  const root = folder({ "tools.tsx": tools, "echo.tsx": echo });
  const server = await ServerProcess.start(root, withoutWorkers);
  expect(await server.complete("tools.tsx", { tool: "bash", given: "echo hello" })).toMatchObject({
    status: "finished",
    output: { value: "hello" },
  });
  await openElsewhere(root);
  const { runId } = await server.complete("echo.tsx", { msg: "kept" });
  await server.kill();
  const next = await ServerProcess.start(root, withoutWorkers);
  expect(await next.run(runId)).toMatchObject({ status: "finished", output: { value: "kept" } });
});

test("no tool, link or request makes the server's process let go of its database", async () => {
  const importing = `import "./link.ts";\n${echo}`;
  const root = folder({ "tools.tsx": tools, "importing.tsx": importing, "note.txt": "hello\n" });
  const server = await ServerProcess.start(root, withoutWorkers);
  const tool = (name: string, given: unknown) => () => server.complete("tools.tsx", { tool: name, given });
  const linked = (name: string, act: () => Promise<unknown>) => async () => {
    symlinkSync("smithers.db", join(root, name));
    await act();
    rmSync(join(root, name));
  };
  const request = (path: string, body?: object) => () =>
    fetch(server.url + path, {
      method: body ? "POST" : "GET",
      ...(body && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    });
  const acts: Record<string, () => Promise<unknown>> = {
    read: tool("read", "smithers.db"),
    "read its memory": tool("read", "smithers.db-shm"),
    "read a link": linked("link.txt", tool("read", "link.txt")),
    grep: tool("grep", "hello"),
    edit: tool("edit", { path: "smithers.db", patch: "--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b\n" }),
    write: tool("write", { path: "smithers.db", content: "x" }),
    bash: tool("bash", "true"),
    "settings that are a link": linked("bunfig.toml", tool("bash", "true")),
    "a database that is a link": linked("other.sqlite", tool("bash", "true")),
    "a workflow that is a link": linked("link.tsx", request("/v1/runs", { workflowPath: "link.tsx", input: {} })),
    "an import that is a link": linked("link.ts", request("/v1/runs", { workflowPath: "importing.tsx", input: {} })),
    "the catalogue": linked("link.tsx", request("/v1/workflows")),
  };
  for (const [name, act] of Object.entries(acts)) {
    await act();
    await openElsewhere(root);
    expect({ name, kept: existsSync(join(root, "smithers.db-wal")) }).toEqual({ name, kept: true });
  }
});
