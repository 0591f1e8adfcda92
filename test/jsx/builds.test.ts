import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { projectDir } from "../support/packed.ts";

const program = `/** @jsxImportSource ${join(projectDir, "src")} */
import { useState } from "react";
import { createSmithers, runWorkflow } from "${join(projectDir, "src/index.ts")}";
import { z } from "${join(projectDir, "node_modules/zod")}";

const { smithers, Workflow, Task } = createSmithers({ result: z.number() });
const Counted = () => {
  const [n] = useState(4);
  return <Task id="a" output="result">{n}</Task>;
};
const { status, output } = await runWorkflow(smithers(() => <Workflow name="x"><Counted /></Workflow>), { db: ":memory:" });
console.log(status, output, process.env.NODE_ENV);
`;

test("a program that is compiled for React's own JSX runtime, as without a setting for JSX, renders", () => {
  const root = folder({
    "program.ts": `import "${join(projectDir, "src/index.ts")}";\nawait import("./flow.tsx");`,
    "flow.tsx": program.replace(join(projectDir, "src"), "react"),
  });
  mkdirSync(join(root, "node_modules"));
  symlinkSync(join(projectDir, "node_modules/react"), join(root, "node_modules/react"));
  const { NODE_ENV: _, ...env } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, [join(root, "program.ts")], {
    cwd: root,
    env,
    encoding: "utf8",
  });
  expect([stdout.trim(), stderr]).toEqual(["finished 4 undefined", ""]);
});

test.each(["development", "production"])(
  "a program that imports React before the package, with NODE_ENV=%s, shares it",
  (environment) => {
    const file = join(
      folder({ "program.tsx": program.replace('from "react"', `from "${join(projectDir, "node_modules/react")}"`) }),
      "program.tsx",
    );
    const { stdout, stderr } = spawnSync(process.execPath, [file], {
      cwd: projectDir,
      env: { ...process.env, NODE_ENV: environment },
      encoding: "utf8",
    });
    expect([stdout.trim(), stderr]).toEqual([`finished 4 ${environment}`, ""]);
  },
);
