import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
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
