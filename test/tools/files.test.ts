import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { edit, grep, isSmithersError, read, type TaskContext, write } from "smithers-orchestrator";
import { runInTask } from "../../src/jsx/index.ts";
import { findProgram } from "../../src/tools/sandbox/index.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { needs } from "../support/programs.ts";

/** Calls tools as a task does whose root is `rootDir`. */
function below<R>(rootDir: string, act: () => Promise<R>, privatePaths: string[] = []): Promise<R> {
  const call = { idempotencyKey: "k", signal: new AbortController().signal, end() {} };
  const context = {
    rootDir,
    narrowedTo: "",
    fileRules: { privatePaths: () => privatePaths, entries: [], readable: [], writable: [] },
    allowNetwork: false,
    beginToolCall: async () => call,
    output() {},
    heartbeat() {},
  };
  return runInTask(context as unknown as TaskContext, act);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const thrown = await work.then(
    (value) => `no error, but ${JSON.stringify(value)}`,
    (error: unknown) => error,
  );
  return isSmithersError(thrown) ? thrown.code : String(thrown);
}

test("read takes a path, or an object, and gives the text", async () => {
  const root = folder({ "a/b.txt": "one\ntwo\n" });
  expect(await below(root, () => read("a/b.txt"))).toBe("one\ntwo\n");
  expect(await below(root, () => read({ path: join(root, "a/b.txt") }))).toBe("one\ntwo\n");
});

test("read gives some of the lines of a file that is too large to be read whole", async () => {
  const root = folder({ big: Array.from({ length: 300_000 }, (_, n) => `line ${n + 1}\n`).join("") });
  expect(await codeOf(below(root, () => read("big")))).toBe("TOOL_FILE_TOO_LARGE");
  expect(await below(root, () => read({ path: "big", offset: 299_999, limit: 5 }))).toBe("line 299999\nline 300000");
});

test("write makes the folders on the way, and says what it wrote", async () => {
  const root = folder();
  expect(await below(root, () => write("a/b/c.txt", "ä"))).toBe("Wrote 2 bytes to a/b/c.txt.");
  expect(readFileSync(join(root, "a/b/c.txt"), "utf8")).toBe("ä");
});

test("write keeps the permissions of a file, and leaves no temporary file", async () => {
  const root = folder({ run: "old" });
  chmodSync(join(root, "run"), 0o750);
  await below(root, () => write({ path: "run", content: "new" }));
  expect(statSync(join(root, "run")).mode & 0o777).toBe(0o750);
  // But others do not execute the new text as the owner of the file.
  chmodSync(join(root, "run"), 0o6750);
  await below(root, () => write({ path: "run", content: "newer" }));
  expect(statSync(join(root, "run")).mode & 0o7777).toBe(0o750);
  expect(readdirSync(root)).toEqual(["run"]);
  expect(await codeOf(below(root, () => write({ path: "x".repeat(300), content: "" })))).toBe("TOOL_FILE_FAILED");
});

test("write replaces a file that has another name elsewhere, and leaves that one as it was", async () => {
  const outside = folder({ victim: "victim" });
  const root = folder();
  linkSync(join(outside, "victim"), join(root, "hard"));
  await below(root, () => write("hard", "new"));
  expect(readFileSync(join(outside, "victim"), "utf8")).toBe("victim");
});

test("links that stay below the root are followed", async () => {
  const root = folder({ "real/file": "text" });
  symlinkSync("real", join(root, "relative"));
  symlinkSync(join(root, "real/file"), join(root, "absolute"));
  symlinkSync("new", join(root, "real/dangling"));
  expect(await below(root, () => read("relative/../relative/file"))).toBe("text");
  expect(await below(root, () => read("absolute"))).toBe("text");
  await below(root, () => write("relative/dangling", "made"));
  expect(readFileSync(join(root, "real/new"), "utf8")).toBe("made");
});

const escapes: [string, (root: string, outside: string) => string][] = [
  ["an absolute path", (_root, outside) => join(outside, "victim")],
  ["..", () => "../outside/victim"],
  [".. behind a folder", () => "sub/../../outside/victim"],
  ["a link to a file", (root, outside) => link(root, join(outside, "victim"))],
  ["a link to a folder", (root, outside) => `${link(root, outside)}/victim`],
  ["a relative link", (root) => `${link(root, "../outside")}/victim`],
  ["a link to a link", (root, outside) => link(root, link(root, join(outside, "victim"), "first"), "second")],
  ["/proc/self/root", (_root, outside) => `/proc/self/root${outside}/victim`],
  ["a link to /proc/self/root", (root, outside) => `${link(root, "/proc/self/root")}${outside}/victim`],
];

function link(root: string, target: string, name = "link"): string {
  symlinkSync(target, join(root, name));
  return name;
}

test.each(escapes)("no tool reaches a file by %s", async (_, pathOf) => {
  const parent = folder({ "root/sub/file": "", "outside/victim": "secret" });
  const root = join(parent, "root");
  const path = pathOf(root, join(parent, "outside"));
  const patch = [{ find: "secret", replace: "x" }];
  const calls = [
    () => read(path),
    () => write(path, "x"),
    () => edit({ path, patch }),
    () => grep({ pattern: ".", path }),
  ];
  for (const call of calls) expect(await codeOf(below(root, call))).toBe("TOOL_PATH_ESCAPE");
  expect(readFileSync(join(parent, "outside/victim"), "utf8")).toBe("secret");
  expect(readdirSync(join(parent, "outside"))).toEqual(["victim"]);
});

needs("python3")("a folder that is swapped for a link during the call leads nowhere else", async () => {
  const parent = folder({ "root/other/file": "inside", "outside/file": "secret" });
  const root = join(parent, "root");
  symlinkSync("../outside", join(root, "evil"));
  mkdirSync(join(root, "sub"));
  writeFileSync(join(root, "sub/file"), "inside");
  // Exchanges the two names as fast as it can: at each moment "sub" is one of them.
  const swap = `
import ctypes, os
libc = ctypes.CDLL(None)
os.chdir("${root}")
print("ready", flush=True)
while True:
    libc.renameat2(-100, b"sub", -100, b"evil", 2)
`;
  const swapper = spawn(findProgram("python3")!, ["-IS", "-c", swap], { stdio: ["ignore", "pipe", "inherit"] });
  afterThisTest(() => swapper.kill("SIGKILL"));
  await new Promise((resolve) => swapper.stdout.once("data", resolve));
  const seen = new Set<string>();
  for (let round = 0; round < 500; round += 1) {
    seen.add(await below(root, () => read("sub/file")).catch((error) => error.code));
    if (round % 3 === 0) seen.add(await codeOf(below(root, () => write("sub/new", "x"))));
  }
  expect(seen).toContain("inside");
  expect(seen).toContain("TOOL_PATH_ESCAPE");
  expect(seen).not.toContain("secret");
  expect(readdirSync(join(parent, "outside"))).toEqual(["file"]);
});

test("the server's own files are out of reach, also by another name, and none can be forged", async () => {
  const root = folder({ "data/smithers.db": "secret", "data/smithers.db-wal": "secret", ".env": "secret" });
  linkSync(join(root, "data/smithers.db"), join(root, "hard"));
  symlinkSync("data/smithers.db", join(root, "soft"));
  const hidden = [join(root, "data/smithers.db"), join(root, ".env")];
  for (const path of ["data/smithers.db", "data/smithers.db-wal", "hard", "soft", ".env"]) {
    expect([path, await codeOf(below(root, () => read(path), hidden))]).toEqual([path, "TOOL_PATH_ESCAPE"]);
  }
  for (const path of ["data/smithers.db", "data/smithers.db-journal", "soft", "data/../.env"]) {
    expect([path, await codeOf(below(root, () => write(path, "x"), hidden))]).toEqual([path, "TOOL_PATH_ESCAPE"]);
  }
  unlinkSync(join(root, "hard"));
  expect(await below(root, () => grep({ pattern: "secret" }), hidden)).toBe("");
  expect(existsSync(join(root, "data/smithers.db-journal"))).toBe(false);
});

test.each([
  ["missing", "there is no such file"],
  ["sub", "it is a folder"],
  ["sub/file/x", "a part of the path is not a folder"],
  ["pipe", "it is not a regular file"],
  ["round", "too many links"],
  ["nul\0", "NUL"],
])("read of %j says why it cannot", async (path, words) => {
  const root = folder({ "sub/file": "" });
  Bun.spawnSync(["mkfifo", join(root, "pipe")]);
  symlinkSync("round", join(root, "round"));
  await expect(below(root, () => read(path))).rejects.toThrow(words);
});

test("edit applies exact replacements, all or none", async () => {
  const root = folder({ "a.txt": "one two two\n" });
  const tryEdit = (patch: { find: string; replace: string; all?: boolean }[]) =>
    below(root, () => edit({ path: "a.txt", patch }));
  expect(
    await codeOf(
      tryEdit([
        { find: "one", replace: "1" },
        { find: "three", replace: "3" },
      ]),
    ),
  ).toBe("TOOL_PATCH_REJECTED");
  expect(await codeOf(tryEdit([{ find: "two", replace: "2" }]))).toBe("TOOL_PATCH_REJECTED");
  expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("one two two\n");
  expect(
    await tryEdit([
      { find: "one", replace: "$&" },
      { find: "two", replace: "2", all: true },
    ]),
  ).toBe("Replaced 3 places in a.txt.");
  expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("$& 2 2\n");
});

test("edit applies a unified diff, and refuses one that does not fit", async () => {
  const root = folder({ "a.txt": "1\n2\n3\n4\n5\n6\n7\n8\n9\n" });
  const diff = "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n@@ -8,2 +8,3 @@\n 8\n 9\n+10\n";
  expect(await below(root, () => edit({ path: "a.txt", patch: diff }))).toBe("Applied 2 hunks in a.txt.");
  expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("1\ntwo\n3\n4\n5\n6\n7\n8\n9\n10\n");
  await expect(below(root, () => edit({ path: "a.txt", patch: diff }))).rejects.toThrow(/hunk 1 .* does not fit/);
  for (const patch of ["no diff at all", "@@ -1,5 +1,1 @@\n 1\n", `${diff}--- a/b\n+++ b/b\n@@ -1 +1 @@\n-1\n+2\n`]) {
    expect(await codeOf(below(root, () => edit({ path: "a.txt", patch })))).toBe("TOOL_PATCH_REJECTED");
  }
});

test("edit refuses a file that is not UTF-8, and keeps line ends and a byte order mark", async () => {
  const root = folder({ "crlf.txt": "\uFEFFone\r\ntwo\r\n" });
  writeFileSync(join(root, "latin1"), Buffer.from([0x61, 0xe4]));
  const patch = [{ find: "a", replace: "b" }];
  expect(await codeOf(below(root, () => edit({ path: "latin1", patch })))).toBe("TOOL_PATCH_REJECTED");
  await below(root, () => edit({ path: "crlf.txt", patch: "@@ -2 +2 @@\n-two\n+three\n" }));
  expect(readFileSync(join(root, "crlf.txt"), "utf8")).toBe("\uFEFFone\r\nthree\r\n");
});
