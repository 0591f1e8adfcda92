import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { smithersWords } from "../support/cli.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

/** Loaded before the command: says on stderr, when it ends, which packages it has loaded. */
const tell = `
  process.on("exit", () => {
    const names = Object.keys(require.cache).map((file) => /node_modules\\/([^/]+)/.exec(file)?.[1]);
    for (const name of new Set(names)) if (name) console.error("loaded " + name);
  });`;

test("a command loads the libraries that it needs, and not the one for schemas to print a list", async () => {
  const root = folder({
    "tell.ts": tell,
    "w.tsx": workflowFile(`<WaitForEvent id="w" event="go" output={outputs.result} />`),
  });
  const server = await serve(root);
  await server.start("w.tsx", {}, { runId: "r" });
  await server.until("r", ({ type }) => type === "NodeWaitingEvent");
  const loadedBy = (...args: string[]) => {
    const [program, ...words] = smithersWords;
    const { status, stderr } = spawnSync(program!, ["--preload", join(root, "tell.ts"), ...words, ...args], {
      cwd: root,
      encoding: "utf8",
    });
    expect(status).toBe(0);
    return [...stderr.matchAll(/^loaded (\S+)$/gm)].map(([, name]) => name);
  };
  const [ps, inspect, why] = [loadedBy("ps"), loadedBy("inspect", "r"), loadedBy("why", "r")];
  for (const names of [ps, inspect]) {
    expect(names).toContain("commander");
    expect(names).not.toContain("zod");
  }
  // Its command has an example of the data that the wait takes.
  expect(why).toContain("zod");
});
