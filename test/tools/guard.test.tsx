/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  linkSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import {
  bash,
  createSmithers,
  edit,
  grep,
  isSmithersError,
  type RunWorkflowOptions,
  read,
  runWorkflow,
  type ToolAccess,
  write,
} from "smithers-orchestrator";
import { z } from "zod";
import { guardOf } from "../../src/tools/guard/index.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder, write as writeFiles } from "../support/folder.ts";
import { type Mechanism, onlySandbox, testEachMechanism } from "../support/mechanisms.ts";
import { needs } from "../support/programs.ts";
import { database } from "../support/run.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { testedModule } from "../support/tested-code.ts";
import { echo } from "../support/workflows.ts";

// What they compute takes long enough to be optimized; see test/support/preload.ts.
process.env.BUN_JSC_useDFGJIT = "1";
process.env.BUN_JSC_thresholdForJITAfterWarmUp = "500";

const { smithers, outputs, Workflow, Task } = createSmithers({ result: z.object({ value: z.unknown() }) });

/** What the work of a task resolves to, in a run below `rootDir`. */
async function inRun<T>(
  rootDir: string,
  work: () => Promise<T>,
  { tools, ...options }: Pick<RunWorkflowOptions, "readable" | "writable"> & { tools?: ToolAccess } = {},
): Promise<T> {
  const workflow = smithers(() => (
    <Workflow name="guard">
      <Task id="a" output={outputs.result} noRetry tools={tools}>
        {async () => ({ value: await work() })}
      </Task>
    </Workflow>
  ));
  const { output, error } = await runWorkflow(workflow, { rootDir, db: database(), ...options });
  if (error) throw new Error(`${error.code}: ${error.message}`);
  return (output as { value: T }).value;
}

/** What a call says, or the code of its error. */
const saidBy = (call: Promise<string>) =>
  call.catch((error) => (isSmithersError(error) ? error.code : `not a code: ${error}`));

const workflow = (imported: string) => `/** @jsxImportSource smithers-orchestrator */
import { createSmithers } from "smithers-orchestrator";
import { lib } from "${imported}";
export default createSmithers({}).smithers(() => null);
`;

/** A project whose workflows lie in a folder of their own, with a package in it and a repository around it. */
function project(): string {
  const rootDir = folder({
    "flows/release.tsx": workflow("../lib/lib"),
    "flows/package.json": "{}",
    "lib/lib.ts": `import { deep } from "./deep/deep.js"; export const lib = deep;`,
    "lib/deep/deep.ts": "export const deep = 1;",
    "node_modules/zod/index.js": "",
    "package.json": "{}",
    "tsconfig.json": "{}",
    "src/app.ts": "export const app = 1;",
  });
  execFileSync("git", ["init", "-q"], { cwd: rootDir });
  return rootDir;
}

/** A test for each mechanism that works in a `project()`. */
const testInRepository = (name: string, body: (mechanism: Mechanism) => unknown) =>
  testEachMechanism(name, body, { others: ["git"] });

testInRepository("a command of %s cannot change what the server loads, and can change the rest", async (mechanism) => {
  onlySandbox(mechanism);
  const rootDir = project();
  const loaded = [
    "flows/release.tsx",
    "flows/package.json",
    "lib/lib.ts",
    "lib/deep/deep.ts",
    "node_modules/zod/index.js",
    "package.json",
    "tsconfig.json",
    ".git/config",
  ];
  const before = loaded.map((path) => readFileSync(join(rootDir, path), "utf8"));
  const tries = loaded.flatMap((path) => [
    `echo planted >> ${path}`,
    `rm -f ${path}`,
    `echo planted > new && mv new ${path}`,
    `chmod 777 ${path}`,
  ]);
  tries.push(
    ...["flows", "lib", "lib/deep", ".git", "node_modules", ".git/hooks"].map((path) => `mv ${path} moved`),
    "echo planted > .git/hooks/pre-commit",
    "mkdir node_modules/planted",
    "ln lib/lib.ts hard && echo planted >> hard",
    "rm -rf lib",
  );
  const script = tries.map((each, index) => `( ${each} ) 2>/dev/null && echo "${index} done"`).join("\n");
  expect(await inRun(rootDir, () => bash(`${script}\ntrue`))).toBe("");
  expect(loaded.map((path) => readFileSync(join(rootDir, path), "utf8"))).toEqual(before);
  const work = `
    echo more >> src/app.ts; rm src/app.ts; mkdir -p fresh/folder; echo x > fresh/folder/file; echo x > flows/notes.md
    git -c user.name=Ada -c user.email=ada@example.com commit -q --allow-empty -m empty && git log --format=%s`;
  expect(await inRun(rootDir, () => bash(work))).toBe("empty");
  expect(existsSync(join(rootDir, "flows/notes.md"))).toBe(true);
});

testInRepository("what a command of %s plants where the server would load it is undone and told", async (mechanism) => {
  onlySandbox(mechanism);
  const planted = {
    "bunfig.toml": `echo 'preload = ["./p.ts"]' > bunfig.toml`,
    "jsconfig.json": "echo '{}' > jsconfig.json",
    "flows/tsconfig.json": "echo '{}' > flows/tsconfig.json",
    "flows/node_modules": "mkdir -p flows/node_modules/zod && echo x > flows/node_modules/zod/index.js",
    "lib/package.json": "ln -s ../src/app.ts lib/package.json",
    "lib/lib.tsx": "echo x > lib/lib.tsx",
    "lib/deep/deep.js": "mkfifo lib/deep/deep.js",
  };
  const rootDir = project();
  const error = await inRun(rootDir, () => bash(Object.values(planted).join("; "))).catch(String);
  expect(error).toContain(`TOOL_PATH_ESCAPE: The command has put something where the server would load it`);
  for (const path of Object.keys(planted)) {
    expect(error).toContain(`"${path}" (now "${path}.refused")`);
    expect([path, lstatSync(join(rootDir, path), { throwIfNoEntry: false })]).toEqual([path, undefined]);
    expect(lstatSync(join(rootDir, `${path}.refused`), { throwIfNoEntry: false })).toBeDefined();
  }
});

/** A project in which settings and calls, and not only imports, say what is loaded. */
function projectWithSettings(): string {
  const rootDir = folder({
    "flows/release.tsx": `/** @jsxImportSource smithers-orchestrator */
import { createRequire } from "node:module";
import { createSmithers } from "smithers-orchestrator";
import { z } from "zod";
import { shown } from "@/shown";
const load = createRequire(import.meta.url);
const made = load("./made.cjs");
const worker = () => new Worker(new URL("./worker.ts", import.meta.url));
const later = () => import.meta.require("./later");
const text = new URL("./prompt.txt", import.meta.url);
const step = (name: string) => import(\`./steps/\${name}.ts\`).then(() => import("./more/of-" + name));
export default createSmithers({ z, shown, made, worker, later, text, step }).smithers(() => null);
`,
    "flows/made.cjs": "",
    "flows/worker.ts": 'import "./of-worker";',
    "flows/of-worker.ts": "",
    "flows/later.ts": "",
    "flows/prompt.txt": "",
    "flows/steps/one.ts": 'import "../of-steps";',
    "flows/of-steps.ts": "",
    "flows/more/of-one.ts": "",
    "flows/tsconfig.json": `{
  // Comments and a comma at the end are allowed.
  "extends": "../settings/base.json",
  "compilerOptions": { "baseUrl": "./src", /* "paths": {} */ },
}`,
    "settings/base.json":
      '{ "extends": "./more.json", "compilerOptions": { "paths": { "@/*": ["./first/*", "./second/*"] } } }',
    "settings/more.json": "{}",
    "flows/src/second/shown.ts": "export const shown = 1;",
    "bunfig.toml": 'preload = [\n  "./setup.ts", # first\n  "./more-setup"\n]\n',
    "setup.ts": "",
    "more-setup.ts": "",
    "githooks/pre-commit": "",
    ".husky/pre-commit": "",
    "more.gitconfig": '[core]\n\thooksPath = .hooks\n[filter "f"]\n\tclean = "./scripts/clean.sh" -x\n',
    ".hooks/pre-commit": "",
    "scripts/clean.sh": "",
    "scripts/all.sh": "",
    "scripts/ssh.sh": "",
    "scripts/note.txt": "",
  });
  execFileSync("git", ["init", "-q"], { cwd: rootDir });
  writeFiles(rootDir, {
    ".git/config": `[core][core] hooksPath = githooks
[include]
\tpath = ../more.gitconfig
[alias]
\tall = !cd . && ./scripts/all.sh
[core]
\tsshCommand = \\
scripts/ssh.sh
[remote "origin"]
\turl = ./scripts/note.txt
`,
    ".git/modules/libs/one/HEAD": "ref: refs/heads/main\n",
    ".git/modules/libs/one/config": "[core]\n\thooksPath = .husky/_\n",
    ".git/modules/libs/one/hooks/pre-commit": "",
  });
  const before = process.cwd();
  process.chdir(rootDir);
  afterThisTest(() => process.chdir(before));
  return rootDir;
}

testInRepository("a command of %s cannot change what settings and calls have the server load", async (mechanism) => {
  onlySandbox(mechanism);
  const rootDir = projectWithSettings();
  const loaded = [
    ...["flows/made.cjs", "flows/worker.ts", "flows/of-worker.ts", "flows/later.ts"],
    ...["flows/steps/one.ts", "flows/steps/two.ts", "flows/of-steps.ts", "flows/more/of-one.ts"],
    ...["settings/base.json", "settings/more.json", "flows/src/second/shown.ts", "setup.ts", "more-setup.ts"],
    ...["githooks/pre-commit", ".husky/pre-commit", "more.gitconfig", ".hooks/pre-commit"],
    ...["scripts/clean.sh", "scripts/all.sh", "scripts/ssh.sh"],
    ...[".git/modules/libs/one/config", ".git/modules/libs/one/hooks/pre-commit"],
  ];
  const tries = loaded.flatMap((path) => [`echo planted >> ${path}`, `echo planted > new && mv new ${path}`]);
  const script = [...tries, "mv settings moved", "mv .git/modules/libs moved", "mv githooks moved"]
    .map((each) => `( ${each} ) 2>/dev/null && echo "${each} done"`)
    .join("\n");
  expect(await inRun(rootDir, () => bash(`${script}\ntrue`))).toBe("");
  // Data, and what no one names, can be changed.
  await inRun(rootDir, () => bash("echo more | tee -a flows/prompt.txt flows/src/second/other.ts scripts/note.txt"));
});

testInRepository("what a command of %s plants where aliases lead imports first is undone", async (mechanism) => {
  onlySandbox(mechanism);
  const rootDir = projectWithSettings();
  const planted = [
    ...["flows/src/zod.ts", "flows/src/zod/index.js", "flows/src/zod/package.json"],
    ...["flows/src/smithers-orchestrator.ts", "flows/src/first/shown.ts", "flows/src/first/shown/index.tsx"],
    "flows/src/second/shown.tsx",
  ];
  const plants = planted.map((path) => `mkdir -p ${dirname(path)}; echo planted > ${path}`);
  const error = await inRun(rootDir, () => bash(plants.join("; "))).catch(String);
  for (const path of planted) {
    expect(error).toContain(`"${path}" (now "${path}.refused")`);
    expect(existsSync(join(rootDir, path))).toBe(false);
  }
});

testInRepository("a command of %s that fails or takes too long leaves nothing planted either", async (mechanism) => {
  onlySandbox(mechanism);
  const rootDir = project();
  const plant = "echo x > bunfig.toml";
  const said = await inRun(rootDir, async () => [
    await saidBy(bash(`${plant}; exit 3`)),
    await saidBy(bash(`${plant}; sleep 60`, { timeoutMs: 1_000 })),
  ]);
  expect(said).toEqual(["TOOL_PATH_ESCAPE", "TOOL_PATH_ESCAPE"]);
  expect(existsSync(join(rootDir, "bunfig.toml"))).toBe(false);
});

testEachMechanism("a link to packages that a command of %s replaces is made again", async (mechanism) => {
  onlySandbox(mechanism);
  const rootDir = folder({ "flows/release.tsx": workflow("zod"), "packages/zod/index.js": "" });
  symlinkSync("packages", join(rootDir, "node_modules"));
  const replaced = "rm node_modules && mkdir node_modules";
  expect(await inRun(rootDir, () => saidBy(bash(replaced)))).toBe("TOOL_PATH_ESCAPE");
  expect(readlinkSync(join(rootDir, "node_modules"))).toBe("packages");
  expect(await inRun(rootDir, () => saidBy(bash("echo x >> packages/zod/index.js")))).toBe("TOOL_COMMAND_FAILED");
});

testEachMechanism("no tool reads a .env file, at any depth, and none stops a command of %s", async (mechanism) => {
  onlySandbox(mechanism);
  const rootDir = folder({
    ".env": "hidden",
    ".env.local": "hidden",
    "config/.env.production": "hidden",
    ".envrc": "hidden",
    "..env.swp": "hidden",
    "#.env#": "hidden",
    ".Env": "hidden",
    "secrets/prod": "hidden",
    "seen.env": "seen",
    ".env.folder/file": "hidden",
  });
  symlinkSync("../secrets/prod", join(rootDir, "config/.env"));
  linkSync(join(rootDir, ".env"), join(rootDir, "secrets/linked"));
  execFileSync("mkfifo", [join(rootDir, ".env.zzz")]);
  const editors = ["..env.swp", "#.env#", ".Env"];
  const named = [".env", ".env.local", "config/.env.production", ".envrc", ".env.zzz", ...editors];
  const files = [...named, "config/.env", "secrets/prod", "secrets/linked"];
  const script = files.map((path) => `timeout 5 cat '${path}' 2>/dev/null; echo x 2>/dev/null >> '${path}'`).join("\n");
  await inRun(rootDir, async () => {
    expect(await bash(`${script}\ncat seen.env`)).toBe("seen");
    expect(await grep({ pattern: "hidden|seen" })).toBe("seen.env:1:seen");
    expect(await saidBy(read("secrets/prod"))).toBe("TOOL_PATH_ESCAPE");
    expect(await saidBy(read("secrets/linked"))).toBe("TOOL_PATH_ESCAPE");
    for (const path of named) {
      const calls = await Promise.all([
        saidBy(read(path)),
        saidBy(grep({ pattern: ".", path })),
        saidBy(write(path, "x")),
        saidBy(edit({ path, patch: [{ find: "hidden", replace: "x" }] })),
      ]);
      expect([path, ...calls]).toEqual([path, ...Array(4).fill("TOOL_PATH_ESCAPE")]);
    }
  });
  writeFileSync(join(rootDir, "config/.env.later"), "hidden");
  expect(await inRun(rootDir, () => bash("cat config/.env.later 2>/dev/null; echo refused"))).toBe("refused");
});

needs("git")(
  "write and edit change nothing that the server loads or would load, and make no folders for it",
  async () => {
    const rootDir = project();
    symlinkSync("lib", join(rootDir, "linked"));
    const paths = [
      ...["flows/release.tsx", "lib/deep/deep.ts", "linked/lib.ts", "package.json", ".git/config", ".git/hooks/x"],
      ...["bunfig.toml", "flows/tsconfig.json", "flows/node_modules/zod/index.js", "node_modules/new/index.js"],
      ...["lib/lib.tsx", "lib/deep/deep.js"],
    ];
    await inRun(rootDir, async () => {
      for (const path of paths) expect([path, await saidBy(write(path, "x"))]).toEqual([path, "TOOL_PATH_ESCAPE"]);
      const patch = [{ find: "export", replace: "x" }];
      expect(await saidBy(edit({ path: "lib/lib.ts", patch }))).toBe("TOOL_PATH_ESCAPE");
      expect(existsSync(join(rootDir, "flows/node_modules"))).toBe(false);
      expect(await edit({ path: "src/app.ts", patch })).toBe("Replaced 1 place in src/app.ts.");
    });
  },
);

testInRepository("writable lets tools change what the server loads under %s, but no .env file", async (mechanism) => {
  onlySandbox(mechanism);
  const rootDir = project();
  writeFileSync(join(rootDir, ".env"), "hidden");
  const writable = ["lib", "package.json", "bunfig.toml", "node_modules/zod", ".env"];
  const options = { writable };
  const command = "echo 1 >> lib/lib.ts; echo >> package.json; echo > bunfig.toml; echo > node_modules/zod/new";
  const calls = async () => {
    expect(await bash(`${command}; cat .env 2>/dev/null; echo done`)).toBe("done");
    expect(readFileSync(join(rootDir, "lib/lib.ts"), "utf8")).toEndWith("1\n");
    expect(await saidBy(bash("echo > node_modules/new"))).toBe("TOOL_COMMAND_FAILED");
    expect(await write("lib/lib.tsx", "x")).toBe("Wrote 1 bytes to lib/lib.tsx.");
    expect(await saidBy(write(".env", "x"))).toBe("TOOL_PATH_ESCAPE");
  };
  await inRun(rootDir, calls, options);
});

testEachMechanism("npm install and git remote add work next to workflows under %s, if writable", async (mechanism) => {
  onlySandbox(mechanism);
  const rootDir = project();
  const manifest = JSON.stringify({ name: "app", version: "1.0.0" });
  writeFileSync(join(rootDir, "package.json"), manifest);
  const install = `mkdir -p own && echo '{"name":"own","version":"1.0.0"}' > own/package.json && npm install --offline --no-audit --silent ./own`;
  const remote = "git remote add origin ../elsewhere";
  expect(await inRun(rootDir, () => saidBy(bash(remote)))).toBe("TOOL_COMMAND_FAILED");
  const options = { writable: ["package.json", "node_modules", ".git/config"] };
  await inRun(rootDir, () => bash(`${install} && ${remote}`), options);
  expect(JSON.parse(readFileSync(join(rootDir, "package.json"), "utf8")).dependencies).toEqual({ own: "file:own" });
  expect(existsSync(join(rootDir, "node_modules/own"))).toBe(true);
});

testEachMechanism("too many files to hide from a command of %s are an error that says so", async (mechanism) => {
  onlySandbox(mechanism);
  const rootDir = folder({ ".env": "hidden" });
  const more = Array.from({ length: 1_000 }, (_, number) => join(rootDir, `.env${number}`));
  for (const path of more) writeFileSync(path, "");
  const error = await inRun(rootDir, () => bash("cat .env")).catch(String);
  expect(error).toContain("TOOL_SANDBOX_UNAVAILABLE: A command can have 1000 files and folders hidden or protected");
  expect(error).toMatch(/such as .*\.env\d+/);
  for (const path of more) unlinkSync(path);
  expect(await inRun(rootDir, () => bash("cat .env 2>/dev/null; echo works"))).toBe("works");
});

test("nothing is watched in a folder that is read-only as a whole, so that files that look alike cost nothing", async () => {
  const names = Array.from({ length: 40 }, (_, index) => `many/${index}.ts`);
  const rootDir = folder({
    "few/one.ts": workflow("zod"),
    ...Object.fromEntries(names.map((name) => [name, workflow("zod")])),
  });
  const { readOnly, watched } = await guardOf(rootDir, {
    privatePaths: () => [],
    entries: [],
    readable: [],
    writable: [],
  });
  expect(readOnly).toContain(join(rootDir, "many"));
  expect(watched.filter((path) => path.startsWith(join(rootDir, "many/")))).toEqual([]);
  expect(watched).toContain(join(rootDir, "few/one.tsx"));
});

testEachMechanism("readable shows a command of %s a folder outside the root, read-only", async (mechanism) => {
  onlySandbox(mechanism);
  const outside = folder({ file: "outside", ".env": "hidden" });
  const command = `cat ${outside}/file 2>/dev/null; echo x 2>/dev/null > ${outside}/file || echo refused`;
  expect(await inRun(folder(), () => bash(command))).toBe("refused");
  expect(await inRun(folder(), () => bash(command), { readable: [outside] })).toBe("outsiderefused");
});

testEachMechanism("a narrowed root that is swapped for a link leads nowhere under %s", async (mechanism) => {
  onlySandbox(mechanism);
  const victim = folder({ "secret.txt": "outside" });
  const rootDir = folder({ "work/sub/secret.txt": "inside" });
  const calls = () =>
    Promise.all([
      saidBy(bash("cat secret.txt; touch by-bash")),
      saidBy(read("secret.txt")),
      saidBy(grep({ pattern: "side" })),
      saidBy(write("by-write", "x")),
    ]);
  const tools = { rootDir: "work/sub" };
  expect(await inRun(rootDir, calls, { tools })).toEqual([
    "inside",
    "inside",
    "secret.txt:1:inside",
    "Wrote 1 bytes to by-write.",
  ]);
  const swapped = await inRun(
    rootDir,
    async () => {
      execFileSync("sh", ["-c", `mv sub old && ln -s ${victim} sub`], { cwd: join(rootDir, "work") });
      return calls();
    },
    { tools },
  );
  expect(new Set(swapped)).toEqual(new Set(["TOOL_PATH_ESCAPE"]));
  expect(existsSync(join(victim, "by-bash"))).toBe(false);
});

testInRepository("a command of %s leaves no repository in which git executes something", async (mechanism) => {
  onlySandbox(mechanism);
  const rootDir = folder({ "flow.tsx": workflow("zod") });
  const has = (setting: string) => `git init -q && printf '${setting}' >> .git/config`;
  const plants = [
    "git init -q && git config filter.f.smudge 'touch executed'",
    has('[core][filter "f"]smudge = touch executed\\n'),
    has("[include]\\n\\tpath = ../settings\\n"),
    has('[remote "r"]\\n\\tpromisor\\n'),
    "git init -q && echo ../elsewhere > .git/commondir",
    "git init -q && mv .git/config settings && ln -s ../settings .git/config",
    "git init -q elsewhere && echo gitdir: elsewhere/.git > .git",
    "git init -q elsewhere && ln -s elsewhere/.git .git",
  ];
  const work = `git init -q && git config user.name Ada && git config user.email ada@example.com &&
    git remote add origin https://example.com/a.git && git add flow.tsx && git commit -q -m first && git log --format=%s`;
  await inRun(rootDir, async () => {
    for (const path of [".git/config", ".git/HEAD"]) expect(await saidBy(write(path, "x"))).toBe("TOOL_PATH_ESCAPE");
    for (const plant of plants) {
      const error = await bash(plant).catch(String);
      expect([plant, error]).toEqual([plant, expect.stringContaining('".git" (now ".git.refused')]);
      expect(existsSync(join(rootDir, ".git"))).toBe(false);
      for (const made of [".git.refused", "elsewhere", "settings"]) {
        rmSync(join(rootDir, made), { recursive: true, force: true });
      }
    }
    expect(await bash(work)).toBe("first");
    expect(await saidBy(bash("git config filter.f.smudge x"))).toBe("TOOL_COMMAND_FAILED");
  });
});

testEachMechanism("a command of %s changes no program and no settings of the server's user", async (mechanism) => {
  onlySandbox(mechanism);
  const rootDir = folder({ "tools/own": "", ".gitconfig": "", "src/file": "" });
  const { PATH, HOME } = process.env;
  afterThisTest(() => void Object.assign(process.env, { PATH, HOME }));
  Object.assign(process.env, { PATH: `${rootDir}/tools:${rootDir}/later:${PATH}`, HOME: rootDir });
  const tries =
    "for f in tools/own tools/git .gitconfig; do echo x 2>/dev/null >> $f && echo $f; done; echo x >> src/file";
  expect(await inRun(rootDir, () => bash(tries))).toBe("");
  for (const [path, folders] of [
    ["later", "later"],
    [".config/git/config", ".config/git"],
    [".bunfig.toml", "."],
  ] as const) {
    const error = await inRun(rootDir, () => bash(`mkdir -p ${folders}; echo x > ${path}`)).catch(String);
    expect(error).toContain(`"${path}" (now "${path}.refused")`);
  }
});

testEachMechanism("what is undone of a command of %s lies in the root, wherever its links lead", async (mechanism) => {
  onlySandbox(mechanism);
  const victim = folder({ "zod.ts": "outside" });
  const rootDir = folder({
    "flows/release.tsx": workflow("zod"),
    "flows/tsconfig.json": '{ "compilerOptions": { "baseUrl": "./src" } }',
    "shared/inside.ts": "",
    "linked/release.tsx": workflow("zod"),
    "linked/tsconfig.json": '{ "compilerOptions": { "baseUrl": "./src" } }',
  });
  symlinkSync("../shared", join(rootDir, "linked/src"));
  const error = await inRun(rootDir, () => bash(`ln -s ${victim} flows/src`)).catch(String);
  expect(error).toContain('"flows/src" (now "flows/src.refused")');
  expect(readlinkSync(join(rootDir, "flows/src.refused"))).toBe(victim);
  expect(existsSync(join(victim, "zod.ts"))).toBe(true);
  // A link that was there before the command stays, and what the command makes behind it is undone where it is.
  const behind = await inRun(rootDir, () => bash("echo x > shared/zod.ts")).catch(String);
  expect(behind).toContain('"shared/zod.ts" (now "shared/zod.ts.refused")');
  expect(readlinkSync(join(rootDir, "linked/src"))).toBe("../shared");
});

testInRepository("what a command of %s plants is undone when the server is killed meanwhile", async (mechanism) => {
  const rootDir = project();
  symlinkSync("lib", join(rootDir, "flows/node_modules"));
  const victim = folder({ hooks: "outside" });
  execFileSync("git", ["config", "core.hooksPath", "tools/hooks"], { cwd: rootDir });
  const plant = `echo x > bunfig.toml; rm flows/node_modules; mkdir flows/node_modules; ln -s ${victim} tools; touch planted; sleep 60`;
  const server = spawn(
    process.execPath,
    ["-e", `await (await import(${JSON.stringify(testedModule("index"))})).bash(${JSON.stringify(plant)})`],
    {
      cwd: rootDir,
      env: { ...process.env, SMITHERS_SANDBOX: mechanism },
      stdio: "ignore",
    },
  );
  await eventually(() => existsSync(join(rootDir, "planted")));
  server.kill("SIGKILL");
  await eventually(() => existsSync(join(rootDir, "bunfig.toml.refused")));
  await eventually(() => lstatSync(join(rootDir, "flows/node_modules")).isSymbolicLink());
  await eventually(() => existsSync(join(rootDir, "tools.refused")));
  expect(existsSync(join(victim, "hooks"))).toBe(true);
  expect(existsSync(join(rootDir, "bunfig.toml"))).toBe(false);
  expect(readlinkSync(join(rootDir, "flows/node_modules"))).toBe("lib");
});

testEachMechanism(
  "files that flags of the server name are hidden from a command of %s, or cannot be changed",
  async (mechanism) => {
    const script = `
    import { bash, createSmithers, runWorkflow, Task, Workflow } from "${testedModule("index")}";
    import { createElement } from "${Bun.resolveSync("react", import.meta.dir)}";
    import { z } from "${Bun.resolveSync("zod", import.meta.dir)}";
    const { smithers, outputs } = createSmithers({ said: z.object({ text: z.string() }) });
    const work = "cat prod.env 2>/dev/null; for f in pre.ts more.ts; do echo x 2>/dev/null >> $f && echo $f; done; cat other.env";
    const task = () => createElement(Task, { id: "a", output: outputs.said, noRetry: true }, async () => ({
      text: await bash(work),
    }));
    const workflow = smithers(() => createElement(Workflow, { name: "w" }, task()));
    console.log(JSON.stringify([process.env.KEY, (await runWorkflow(workflow)).output]));`;
    const files = { "prod.env": "KEY=hidden", "other.env": "seen", "run.ts": script, "pre.ts": "", "more.ts": "" };
    const rootDir = folder(files);
    const args = ["--env-file=prod.env", "--preload", "./pre.ts", "--preload=./more.ts", join(rootDir, "run.ts")];
    const env = { ...process.env, SMITHERS_SANDBOX: mechanism };
    const said = execFileSync(process.execPath, args, { cwd: rootDir, env, encoding: "utf8" });
    expect(JSON.parse(said)).toEqual(["hidden", { text: "seen" }]);
  },
);

test("a server starts next to a FIFO and a huge file that are named like environment files", async () => {
  const rootDir = folder({ "echo.tsx": echo });
  execFileSync("mkfifo", [join(rootDir, ".env.zzz")]);
  writeFileSync(join(rootDir, ".env.huge"), "");
  truncateSync(join(rootDir, ".env.huge"), 2 ** 40);
  const server = await serve(rootDir, { authToken: "a-token" });
  expect((await server.complete("echo.tsx", { msg: "hi" })).status).toBe("finished");
});
