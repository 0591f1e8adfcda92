import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { packedApp, projectDir } from "../support/packed.ts";

const app = packedApp({});

function run(cwd: string, ...args: string[]) {
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const { status, stdout, stderr } = spawnSync(join(app, "node_modules/.bin/smithers"), args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, PATH },
  });
  return { code: status, out: stdout, err: stderr };
}

test("the installed command makes a project that type-checks and runs at once, and overwrites nothing", () => {
  expect(run(app, "init", "flows").code).toBe(0);
  const flows = join(app, "flows");
  expect(readdirSync(flows).sort()).toEqual([".gitignore", "hello.tsx", "package.json", "tsconfig.json"]);

  const { dependencies, scripts } = JSON.parse(readFileSync(join(flows, "package.json"), "utf8"));
  const own = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8"));
  expect(dependencies).toEqual({ "smithers-orchestrator": `^${own.version}`, zod: own.dependencies.zod });

  const words = /^smithers up hello\.tsx --input '(.*)'$/.exec(scripts.start)!;
  const waiting = run(flows, "up", "hello.tsx", "--input", words[1]!, "--run-id", "r1");
  expect(waiting.code).toBe(3);
  expect(waiting.err).toContain('"check" waits for a decision: "Send the greeting?"');
  expect(run(flows, "ps").out).toContain("waiting-approval");
  expect(run(flows, "approve", "r1").code).toBe(0);
  expect(run(flows, "resume", "r1")).toMatchObject({ code: 0, out: expect.stringContaining("Hello, World!") });

  const typeRoots = [join(projectDir, "node_modules/@types")];
  const tsconfig = JSON.parse(readFileSync(join(flows, "tsconfig.json"), "utf8"));
  tsconfig.compilerOptions.typeRoots = typeRoots;
  writeFileSync(join(flows, "tsconfig.test.json"), JSON.stringify(tsconfig));
  const checked = spawnSync(join(projectDir, "node_modules/.bin/tsc"), ["-p", "tsconfig.test.json"], {
    cwd: flows,
    encoding: "utf8",
  });
  expect(checked.stdout).toBe("");

  writeFileSync(join(flows, "hello.tsx"), "mine");
  const again = run(app, "init", "flows");
  expect(again).toMatchObject({ code: 4, err: expect.stringContaining("hello.tsx would be overwritten") });
  expect(readFileSync(join(flows, "hello.tsx"), "utf8")).toBe("mine");
});
