import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { testWithBash } from "../support/mechanisms.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const git = (cwd: string, ...args: string[]) => execFileSync("git", args, { cwd, encoding: "utf8" }).trim();

const flow = (tree: string) =>
  workflowFile(tree, {
    head: `import { Worktree, read, write } from "smithers-orchestrator";
import { readdirSync } from "node:fs";
const { root } = { root: import.meta.dirname };`,
  });

/** A repository with one commit on `main`, in a folder with nothing else. */
function repository(tree: string): string {
  const root = join(folder({ "repo/flow.tsx": flow(tree), "repo/a.txt": "alpha\n" }), "repo");
  git(root, "init", "--quiet", "--initial-branch=main");
  for (const [name, value] of [
    ["user.name", "Ann"],
    ["user.email", "ann@example.org"],
  ])
    git(root, "config", name!, value!);
  writeFileSync(join(root, ".gitignore"), "smithers.db*\n.worktrees/\n.*.smithers-*\ngo\nled*\n");
  git(root, "add", ".");
  git(root, "commit", "--quiet", "-m", "begin");
  return root;
}

async function complete(tree: string, prepare?: (root: string) => void) {
  const root = repository(tree);
  prepare?.(root);
  const server = await serve(root, { isolation: "none" });
  const run = await server.complete("flow.tsx", {});
  return { root, server, run, nodes: await server.nodes(run.runId) };
}

const worktree = (inside: string, props = 'path=".worktrees/a" branch="feature/a"') =>
  `<Worktree ${props}>${inside}</Worktree>`;
const writes =
  '<Task id="w" output={outputs.result}>{async (task) => { await write("b.txt", "beta"); return { value: [task.cwd, readdirSync(task.cwd).sort()] }; }}</Task>';
const commits =
  '<Task id="c" output={outputs.result}>{async () => { await write("b.txt", "beta"); return { value: await bash("git add b.txt && git commit --quiet -m more && git log --format=%s") }; }}</Task>';
const reads = '<Task id="r" output={outputs.result}>{async () => ({ value: await read("a.txt") })}</Task>';
const list = (root: string) =>
  git(root, "worktree", "list", "--porcelain")
    .split("\n")
    .filter((line) => line.startsWith("worktree ")).length;

test("tasks work in a worktree of a new branch, and a dirty one is left alone and says so", async () => {
  const { root, run, nodes } = await complete(worktree(writes));
  const path = join(root, ".worktrees/a");
  expect(run).toMatchObject({ status: "finished" });
  // The removal is no result of the run.
  expect(run.output).toEqual({ value: [path, [".git", ".gitignore", "a.txt", "b.txt", "flow.tsx"]] });
  expect(readFileSync(join(path, "b.txt"), "utf8")).toBe("beta");
  expect(existsSync(join(root, "b.txt"))).toBe(false);
  expect(git(path, "branch", "--show-current")).toBe("feature/a");
  expect(nodes.at(-1)).toMatchObject({
    nodeId: "worktree:.worktrees/a-cleanup",
    state: "finished",
    output: { removed: false, reason: "It has changes that are not committed." },
  });
});

testWithBash("a commit in the worktree is on its branch, and the worktree is gone afterwards", async () => {
  const { root, run } = await complete(worktree(commits));
  expect(run).toMatchObject({ status: "finished", output: { value: "more\nbegin" } });
  expect(git(root, "log", "--format=%s", "feature/a")).toBe("more\nbegin");
  expect(git(root, "log", "--format=%s", "main")).toBe("begin");
  expect(existsSync(join(root, ".worktrees/a"))).toBe(false);
  expect(list(root)).toBe(1);
  expect(git(root, "status", "--porcelain")).toBe("");
});

testWithBash(
  "a worktree beside the root folder works too, and one without a branch keeps what no branch has",
  async () => {
    const { root, run, nodes } = await complete(worktree(commits, 'id="wt" path="../beside"'));
    expect(run).toMatchObject({ status: "finished", output: { value: "more\nbegin" } });
    expect(nodes.at(-1)).toMatchObject({
      nodeId: "wt-cleanup",
      output: { removed: false, reason: "It has commits that no branch has." },
    });
    expect(git(join(dirname(root), "beside"), "log", "--format=%s")).toBe("more\nbegin");
  },
);

testWithBash("a command in a worktree changes neither the settings of the repository nor where it is", async () => {
  const tries = [
    "git config core.fsmonitor /tmp/evil",
    "touch $COMMON/hooks/post-commit",
    "echo /tmp > $OWN/commondir",
    "echo /tmp > .git",
    "mv .git elsewhere",
    "mv $OWN $OWN-2",
    "touch $COMMON/HEAD",
  ];
  const { root, run } = await complete(
    worktree(
      `<Task id="t" output={outputs.result}>{async () => ({ value: await bash(${JSON.stringify(
        `COMMON=$(git rev-parse --git-common-dir); OWN=$(git rev-parse --git-dir); ${tries.map((one) => `(${one}) 2>/dev/null && echo ${JSON.stringify(one)}`).join("\n")}\necho x > $COMMON/../a.txt; true`,
      )}) })}</Task>`,
    ),
  );
  expect(run).toMatchObject({ status: "finished", output: { value: "" } });
  expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("alpha\n");
  expect(list(root)).toBe(1);
});

test("a branch that exists is checked out, a worktree that is there is used, and the innermost counts", async () => {
  const { run } = await complete(
    worktree(
      `<Worktree path="../inner" branch="old">${reads}</Worktree>
       <Task id="s" output={outputs.result}>{async (task) => ({ value: [ctx.outputMaybe(outputs.result, { nodeId: "r" })?.value, await read("a.txt"), readdirSync(task.cwd).includes("mark")] })}</Task>`,
    ),
    (root) => {
      git(root, "worktree", "add", "--quiet", "-b", "feature/a", ".worktrees/a");
      writeFileSync(join(root, ".worktrees/a/mark"), "");
      git(root, "switch", "--quiet", "-c", "old");
      writeFileSync(join(root, "a.txt"), "older\n");
      git(root, "commit", "--quiet", "-am", "older");
      git(root, "switch", "--quiet", "main");
    },
  );
  expect(run).toMatchObject({ status: "finished", output: { value: ["older\n", "alpha\n", true] } });
});

test("baseBranch is where a new branch begins, and skipIf makes no worktree", async () => {
  const prepare = (root: string) => git(root, "branch", "-m", "trunk");
  const { run } = await complete(worktree(reads, 'path=".worktrees/a" branch="b" baseBranch="trunk"'), prepare);
  expect(run).toMatchObject({ status: "finished", output: { value: "alpha\n" } });
  const skipped = await complete(worktree(reads, 'path=".worktrees/a" branch="b" skipIf'));
  expect(skipped.run.status).toBe("finished");
  expect(skipped.nodes).toEqual([]);
});

const none = () => {};

test.each<[string, string, string, (root: string) => void]>([
  [
    "a path elsewhere",
    'path="/tmp/elsewhere/wt" branch="b"',
    "must lie below the run's root folder or next to it",
    none,
  ],
  ["a path above", 'path="../../wt" branch="b"', "must lie below the run's root folder or next to it", none],
  ["a path in .git", 'path=".git/wt" branch="b"', "lies in a repository's .git", none],
  [
    "a link on the way",
    'path="link/wt" branch="b"',
    "leads through a link",
    (root) => symlinkSync("/tmp", join(root, "link")),
  ],
  ["a branch that is checked out", 'path=".worktrees/a" branch="main"', 'The branch "main" is checked out in', none],
  ["no base branch", 'path=".worktrees/a" branch="b" baseBranch="none"', 'has no commit "none"', none],
  [
    "another branch at the path",
    'path=".worktrees/a" branch="b"',
    'the branch "c" checked out, not "b"',
    (root) => git(root, "worktree", "add", "--quiet", "-b", "c", ".worktrees/a"),
  ],
  [
    "a folder at the path",
    'path="src" branch="b"',
    "exists and is not a worktree",
    (root) => {
      mkdirSync(join(root, "src"));
      writeFileSync(join(root, "src/x"), "");
    },
  ],
])("%s fails the task with a sentence", async (_what, props, problem, prepare) => {
  const { run } = await complete(worktree(reads, props), prepare);
  expect(run).toMatchObject({ status: "failed", error: { code: "WORKTREE_FAILED", nodeId: "r" } });
  expect(run.error!.message).toContain(problem);
});

test("a folder outside a repository and a machine without git get a clear error", async () => {
  const root = folder({ "flow.tsx": flow(worktree(reads)) });
  const server = await serve(root, { isolation: "none" });
  const run = await server.complete("flow.tsx", {});
  expect(run.error).toMatchObject({ code: "WORKTREE_FAILED" });
  expect(run.error!.message).toContain("is not in a git repository");
  const without = await ServerProcess.start(repository(worktree(reads)), { PATH: "/nowhere", ...withoutWorkers });
  const runId = await without.start("flow.tsx");
  await eventually(async () => (await without.run(runId)).status === "failed");
  expect((await without.run(runId)).error!.message).toContain("git is not installed");
});

test.each([
  ['path=""', "path is required"],
  ['path="a" branch="-x"', "branch must be the name of a git branch"],
  ['path="a" branch="a..b"', "branch must be the name of a git branch"],
  ['path="a" branh="b"', 'Did you mean "branch"'],
])("<Worktree %s> is refused", async (props, problem) => {
  const { run } = await complete(worktree(reads, props));
  expect(run).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
  expect(run.error!.message).toContain(problem);
});

test("a coding agent works in the worktree", async () => {
  const tree = worktree('<Task id="a" output={outputs.result} agent={new ClaudeCodeAgent({})}>Go.</Task>');
  const root = repository(tree);
  writeFileSync(join(root, "flow.tsx"), flow(tree).replace("Worktree, read", "ClaudeCodeAgent, Worktree, read"));
  const bin = folder({
    claude: `#!/bin/sh\ncat > /dev/null\nprintf '{"type":"result","subtype":"success","result":"{\\\\"value\\\\":\\\\"%s\\\\"}"}\\n' "$PWD"\n`,
  });
  chmodSync(join(bin, "claude"), 0o755);
  const server = await ServerProcess.start(root, { PATH: `${bin}:${process.env.PATH}`, ...withoutWorkers });
  const runId = await server.start("flow.tsx");
  await eventually(async () => (await server.run(runId)).status === "finished");
  expect((await server.run(runId)).output).toEqual({ value: join(root, ".worktrees/a") });
});

test("the worktree and what is in it outlive the death of the server, and one that was half made is made again", async () => {
  const waits = `<Task id="t" output={outputs.result}>{async (task) => { appendFileSync(task.cwd + "/ledger", task.attempt + "\\n"); await fileAt(root + "/go", task.signal); return { value: readFileSync(task.cwd + "/ledger", "utf8") }; }}</Task>`;
  const root = repository(worktree(waits) + worktree(reads, 'path=".worktrees/half" branch="half"'));
  const path = join(root, ".worktrees/a");
  const first = await ServerProcess.start(root);
  const runId = await first.start("flow.tsx");
  await eventually(() => existsSync(join(path, "ledger")) && readFileSync(join(path, "ledger"), "utf8") === "1\n");
  await first.kill();
  // As git leaves it when it is killed while it checks out.
  git(root, "worktree", "add", "--quiet", "-b", "half", ".worktrees/half");
  writeFileSync(join(root, ".git/worktrees/half/locked"), "initializing");
  writeFileSync(join(root, ".worktrees/half/a.txt"), "");
  const second = await ServerProcess.start(root);
  await second.until(runId, (event) => event.type === "NodeStarted" && event.nodeId === "t" && event.attempt === 2);
  writeFileSync(join(root, "go"), "");
  await eventually(async () => (await second.run(runId)).status === "finished");
  const nodes = await second.nodes(runId);
  expect(nodes.map(({ output }) => output)).toMatchObject([
    { value: "1\n2\n" },
    { removed: true },
    { value: "alpha\n" },
    { removed: true },
  ]);
  expect(list(root)).toBe(1);
});

test("what a task has written into the repository is not executed when the worktree is removed", async () => {
  const tree = worktree(reads);
  const root = repository(tree);
  const evil = join(dirname(root), "evil");
  git(dirname(root), "clone", "--quiet", "--bare", root, evil);
  const mark = join(dirname(root), "executed");
  git(evil, "config", "filter.evil.clean", `touch ${mark}; cat`);
  git(root, "worktree", "add", "--quiet", "-b", "feature/a", ".worktrees/a");
  const path = join(root, ".worktrees/a");
  writeFileSync(join(root, ".git/worktrees/a/commondir"), evil);
  writeFileSync(join(root, ".git/info/attributes"), "* filter=evil\n");
  writeFileSync(join(path, ".gitattributes"), "* filter=evil\n");
  writeFileSync(join(path, "a.txt"), "omega\n");
  const server = await serve(root, { isolation: "none" });
  const run = await server.complete("flow.tsx", {});
  const [, cleanup] = await server.nodes(run.runId);
  expect(cleanup).toMatchObject({ state: "finished", output: { removed: false } });
  expect(existsSync(mark)).toBe(false);
  // Git itself follows it.
  git(path, "status", "--porcelain");
  expect(existsSync(mark)).toBe(true);
});

test("git writes through no link that lies in the repository", async () => {
  const outside = folder();
  const { run, root } = await complete(worktree(reads), (repo) => {
    rmSync(join(repo, ".git/logs"), { recursive: true });
    symlinkSync(outside, join(repo, ".git/logs"));
  });
  const message = expect.stringContaining(`"${join(root, ".git/logs")}" is a link`);
  expect(run).toMatchObject({ status: "failed", error: { code: "WORKTREE_FAILED", message } });
  expect(readdirSync(outside)).toEqual([]);
});

testWithBash("a command in the root leads git nowhere else", async () => {
  const says = (command: string) =>
    `<Task id="t" output={outputs.result} noRetry>{async () => ({ value: await bash(${JSON.stringify(command)}) })}</Task>`;
  const { run, root } = await complete(says("echo /tmp > .git/commondir"));
  expect(run).toMatchObject({ status: "failed", error: { code: "TOOL_PATH_ESCAPE" } });
  expect(existsSync(join(root, ".git/commondir"))).toBe(false);
  const outer = repository("");
  const inner = join(outer, "flows");
  mkdirSync(inner);
  writeFileSync(join(inner, "flow.tsx"), flow(says("mkdir .git")));
  const server = await serve(inner, { isolation: "none" });
  expect(await server.complete("flow.tsx", {})).toMatchObject({
    status: "failed",
    error: { code: "TOOL_PATH_ESCAPE" },
  });
  expect(existsSync(join(inner, ".git"))).toBe(false);
});

testWithBash("a command in a worktree gives it no settings of its own", async () => {
  const plants =
    '<Task id="p" output={outputs.result} noRetry>{async () => ({ value: await bash("git_dir=$(git rev-parse --git-dir); echo > $git_dir/config.worktree; echo kept > $git_dir/note") })}</Task>';
  const { root, run } = await complete(worktree(plants));
  expect(run).toMatchObject({ status: "failed", error: { code: "TOOL_PATH_ESCAPE" } });
  const own = join(root, ".git/worktrees/a");
  expect(existsSync(join(own, "config.worktree"))).toBe(false);
  expect(existsSync(join(own, "note"))).toBe(true);
});

test("a folder that looks like a repository is not taken for one", async () => {
  const outer = repository("");
  const inner = join(outer, "flows");
  git(outer, "clone", "--quiet", "--bare", ".", "flows");
  const mark = join(outer, "led");
  git(inner, "config", "filter.evil.smudge", `touch ${mark}; cat`);
  mkdirSync(join(inner, "info"), { recursive: true });
  writeFileSync(join(inner, "info/attributes"), "* filter=evil\n");
  writeFileSync(join(inner, "flow.tsx"), flow(worktree(reads, 'path=".worktrees/a" branch="feature/a"')));
  const server = await serve(inner, { isolation: "none" });
  expect(await server.complete("flow.tsx", {})).toMatchObject({
    status: "failed",
    error: { code: "WORKTREE_FAILED", message: expect.stringContaining("safe.bareRepository") },
  });
  expect(existsSync(mark)).toBe(false);
  // Git itself takes it for one.
  git(inner, "worktree", "add", "--quiet", "b", "main");
  expect(existsSync(mark)).toBe(true);
});

testWithBash("the example makes a branch for each topic", async () => {
  const root = repository("");
  const example = readFileSync(new URL("../../examples/branches.tsx", import.meta.url), "utf8");
  writeFileSync(join(root, "branches.tsx"), example);
  const server = await serve(root);
  const run = await server.complete("branches.tsx", { topics: ["birds", "bees"] });
  expect(run).toMatchObject({ status: "finished", output: { branches: ["notes/bees", "notes/birds"] } });
  expect(git(root, "show", "notes/bees:notes/bees.md")).toBe("# bees");
  expect(list(root)).toBe(1);
});
