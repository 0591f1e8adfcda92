import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { projectDir } from "../support/packed.ts";
import { patienceMs } from "../support/patience.ts";
import { documentFiles } from "../support/readme.ts";

test("the tests that docs/testing.md shows pass as they stand", () => {
  const paths = {
    "smithers-orchestrator": [join(projectDir, "src/index.ts")],
    "smithers-orchestrator/*": [join(projectDir, "src/*.ts"), join(projectDir, "src/*/index.ts")],
  };
  const root = folder({
    ...documentFiles("docs/testing.md"),
    "tsconfig.json": JSON.stringify({ compilerOptions: { paths } }),
    "node_modules/@ai-sdk/anthropic/package.json": JSON.stringify({ type: "module", main: "index.js" }),
    "node_modules/@ai-sdk/anthropic/index.js": `export const anthropic = (modelId) => modelId;`,
  });
  mkdirSync(join(root, "node_modules"), { recursive: true });
  for (const name of ["ai", "zod"])
    symlinkSync(join(projectDir, "node_modules", name), join(root, "node_modules", name));
  const { status, stderr } = spawnSync(process.execPath, ["test", `--timeout=${patienceMs}`], {
    cwd: root,
    encoding: "utf8",
  });
  expect(stderr).toContain(" 3 pass\n 0 fail");
  expect(status).toBe(0);
});
