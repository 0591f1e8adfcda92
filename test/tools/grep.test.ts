import { expect, test } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { grep } from "smithers-orchestrator";
import { builtIn } from "../../src/tools/grep/built-in.ts";
import { collect } from "../../src/tools/grep/index.ts";
import { PatternNotTaken, ripgrep } from "../../src/tools/grep/ripgrep.ts";
import { walk } from "../../src/tools/grep/walk.ts";
import { findProgram, findSandbox } from "../../src/tools/sandbox/index.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { needs } from "../support/programs.ts";

const never = new AbortController().signal;

function project(): string {
  const root = folder({
    "src/a.ts": "const alpha = 1;\nconst Beta = 2;\r\n\nfoo(bar) {\n",
    "src/b/c.ts": "alpha\n",
    "src-z.ts": "alpha beta",
    ".hidden/file": "alpha\n",
    ".gitignore": "src\n",
    ".git/config": "alpha\n",
    "node_modules/x/index.js": "alpha\n",
    "utf8.txt": "äöü 12 ٣ naïve\nword_1 word-2\n",
    empty: "",
    "zero.bin": "alpha\n\0",
  });
  writeFileSync(join(root, "latin1.txt"), Buffer.from([0x61, 0x6c, 0x70, 0x68, 0x61, 0xe4, 0x0a]));
  writeFileSync(join(root, "bom.txt"), "\uFEFFalpha\n");
  symlinkSync("/etc", join(root, "out"));
  symlinkSync("src", join(root, "in"));
  return root;
}

const patterns = [
  ...["alpha", "^const", "2;$", "(alpha|beta)", "[a-c]{2,}", "^$", "\\bword\\b", "\\d+", "\\w+\\s\\w+", "^.{5}$", "."],
  ...[
    "foo\\(bar\\) \\{",
    "(?<!no)alpha",
    "(a)l\\w+\\1",
    "[^\\W\\d]+_",
    "[[]x",
    "\\p{L}+ ",
    "ï",
    "x*",
    "\\u0061lpha",
    "a{",
    "\\/",
  ],
];

needs("rg", "unshare").each(patterns)("ripgrep and the built-in search give the same answer to %s", async (pattern) => {
  const rootDir = project();
  const engine = ripgrep(findProgram("rg")!, await findSandbox());
  for (const ignoreCase of pattern === "alpha" ? [false, true] : [false]) {
    const search = { root: { rootDir, narrowedTo: "" }, path: ".", pattern, ignoreCase, hidden: [] };
    const expected = await collect(async (take) => walk(search, take));
    const found = await collect((take) => engine(search, never, take)).catch((error) => {
      // Then the built-in search answers in any case.
      if (error instanceof PatternNotTaken) return expected;
      throw error;
    });
    expect(found).toBe(expected);
  }
});

async function within(rootDir: string, ...args: Parameters<typeof grep>): Promise<string> {
  const before = process.cwd();
  process.chdir(rootDir);
  try {
    return await grep(...args);
  } finally {
    process.chdir(before);
  }
}

test("grep gives path, number and text of each line that matches, in the order of paths", async () => {
  const found = await within(project(), { pattern: "alpha" });
  expect(found.split("\n")).toEqual([
    ".hidden/file:1:alpha",
    "bom.txt:1:\uFEFFalpha",
    "latin1.txt:1:alpha\uFFFD",
    "src/a.ts:1:const alpha = 1;",
    "src/b/c.ts:1:alpha",
    "src-z.ts:1:alpha beta",
  ]);
});

test("grep searches one file, or a folder that it would skip otherwise", async () => {
  const root = project();
  expect(await within(root, { pattern: "beta", path: "src/a.ts", ignoreCase: true })).toBe(
    "src/a.ts:2:const Beta = 2;",
  );
  expect(await within(root, { pattern: "alpha", path: "node_modules" })).toBe("node_modules/x/index.js:1:alpha");
  expect(await within(root, { pattern: "no such text" })).toBe("");
});

needs("rg", "unshare")("grep answers the same without ripgrep", async () => {
  const root = project();
  const withIt = await within(root, { pattern: "alpha|word" });
  const script = `
    import { grep } from "smithers-orchestrator";
    process.stdout.write(await grep({ pattern: "alpha|word" }));`;
  const path = folder({ "script.ts": script });
  symlinkSync(join(import.meta.dir, "../../node_modules"), join(path, "node_modules"));
  const source = script.replace('"smithers-orchestrator"', JSON.stringify(join(import.meta.dir, "../../src/index.ts")));
  writeFileSync(join(path, "script.ts"), source);
  const child = Bun.spawnSync([process.execPath, join(path, "script.ts")], {
    cwd: root,
    env: { ...process.env, SMITHERS_SANDBOX: "unshare" },
  });
  expect(child.stdout.toString()).toBe(withIt);
});

test("an invalid pattern is refused", async () => {
  await expect(within(project(), { pattern: "(" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
});

test("grep cuts a long answer, and a long line, with a mark", async () => {
  const root = folder({ long: `${"x".repeat(5_000)}\n`, many: "x line of text\n".repeat(50_000) });
  const found = await within(root, { pattern: "x" });
  expect(found.split("\n", 1)[0]).toEndWith("[cut: 3000 more]");
  expect(found.length).toBeLessThan(201_000);
  expect(found).toEndWith("[cut: there are more matches; search for less, or in a part]");
});

test("an endless search is ended, and does not block the process", async () => {
  const rootDir = folder({ file: `${"a".repeat(40)}!\n` });
  const controller = new AbortController();
  const search = { root: { rootDir, narrowedTo: "" }, path: ".", pattern: "^(a|a?)+$", ignoreCase: false, hidden: [] };
  const timer = setTimeout(() => controller.abort(new Error("enough")), 500);
  afterThisTest(() => clearTimeout(timer));
  let ticks = 0;
  const ticking = setInterval(() => (ticks += 1), 10);
  afterThisTest(() => clearInterval(ticking));
  const found = await collect((take) => builtIn(search, controller.signal, take)).catch((error) => error.message);
  expect(["enough", ""]).toContain(found);
  expect(ticks).toBeGreaterThan(1);
});
