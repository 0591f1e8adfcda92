import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { projectDir } from "../support/packed.ts";
import { needs } from "../support/programs.ts";

/** Runs the script behind `npm test`; its exit code and the lines of its own stdout. */
function runTests(args: string[], env: Record<string, string> = {}) {
  const { status, stdout } = spawnSync(process.execPath, ["scripts/test.ts", ...args], {
    cwd: projectDir,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { code: status, lines: stdout.trim().split("\n") };
}

const passing = `import { test } from "bun:test"; test("passes", () => {}); test("passes too", () => {});`;
const failing = `import { test } from "bun:test"; test("fails", () => { throw new Error("no"); }); test("passes", () => {});`;
const skipped = `import { test } from "bun:test"; test.skip("is skipped", () => {});`;

test("the last line counts the tests that passed, and the exit code is 0", () => {
  const { code, lines } = runTests([folder({ "a.test.ts": passing, "deep/b.test.tsx": passing, "c.ts": "no test" })]);
  expect([code, lines.at(-1)]).toEqual([0, "4 passed, 0 failed"]);
});

test("failed and skipped tests are counted, and one failure makes the exit code 1", () => {
  const { code, lines } = runTests([folder({ "a.test.ts": failing, "b.test.ts": skipped })]);
  expect([code, lines.at(-1)]).toEqual([1, "1 passed, 1 failed, 1 skipped"]);
});

test.each([
  ["has a syntax error", "test(("],
  ["imports a file that does not exist", `import "./none.ts"; ${passing}`],
  ["throws while it loads", `${passing} throw new Error("no");`],
  ["ends the process", `import { test } from "bun:test"; test("ends", () => process.exit(0));`],
  ["holds no test", ""],
])("a test file that %s counts as one failure", (_, text) => {
  const { code, lines } = runTests([folder({ "a.test.ts": text, "b.test.ts": passing })]);
  expect([code, lines.at(-1)]).toEqual([1, "2 passed, 1 failed"]);
});

test("a named file that does not exist counts as a failure", () => {
  const root = folder({ "a.test.ts": passing });
  const { code, lines } = runTests([join(root, "a.test.ts"), join(root, "none.test.ts")]);
  expect([code, lines.at(-1)]).toEqual([1, "2 passed, 1 failed"]);
});

test("arguments after the first dash are the runner's", () => {
  const { code, lines } = runTests([folder({ "a.test.ts": failing }), "-t", "^passes$"]);
  expect([code, lines.at(-1)]).toEqual([0, "1 passed, 0 failed, 1 skipped"]);
});

test("a program that is not installed is named before and after the tests, and the tests that need it are skipped", () => {
  const support = JSON.stringify(join(projectDir, "test/support/programs.ts"));
  const root = folder({
    "a.test.ts": `import { needs } from ${support};
      needs("setpriv", "tmux")("runs both", () => { throw new Error("It runs."); });
      needs("setpriv").each([1, 2])("runs setpriv %d", () => {});`,
  });
  const bin = join(root, "bin");
  mkdirSync(bin);
  for (const name of ["sh", "dirname", "setpriv"]) symlinkSync(Bun.which(name)!, join(bin, name));
  const { code, lines } = runTests([join(root, "a.test.ts")], { PATH: bin });
  expect([code, lines.at(-1)]).toEqual([0, "2 passed, 0 failed, 1 skipped"]);
  const told = lines.filter((line) => /^Not installed: .*\btmux\b/.test(line) && !/\bsetpriv\b/.test(line));
  const advice = lines.filter((line) => /^To run them too: apt-get install .*\btmux\b/.test(line));
  expect([told.length, advice.length]).toEqual([2, 2]);
});

test("where user namespaces are not allowed the tests that need them are skipped, and the output says why", () => {
  const support = JSON.stringify(join(projectDir, "test/support/programs.ts"));
  const root = folder({
    "a.test.ts": `import { needs } from ${support}; needs("unshare")("confines", () => { throw new Error("It runs."); });`,
    "bin/unshare": "#!/bin/sh\necho 'unshare: Operation not permitted' >&2\nexit 1\n",
  });
  chmodSync(join(root, "bin/unshare"), 0o755);
  const PATH = `${join(root, "bin")}:${process.env.PATH}`;
  const { code, lines } = runTests([join(root, "a.test.ts")], { PATH });
  expect([code, lines.at(-1)]).toEqual([0, "0 passed, 0 failed, 1 skipped"]);
  const told = "Not allowed here: bwrap, unshare (unshare: Operation not permitted). Their tests are skipped.";
  expect(lines.filter((line) => line === told)).toHaveLength(2);
});

test("a test cannot need a program that nothing would install", () => {
  expect(() => needs("tmux", "no-such-program")).toThrow("Add to test/programs: no-such-program");
});
