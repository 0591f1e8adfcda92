import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CallList } from "../../src/tools/sandbox/launcher/call-list.ts";
import { instructions, launcherProgram } from "../../src/tools/sandbox/launcher/program.ts";
import type { Machine } from "../../src/tools/sandbox/seccomp/syscalls.ts";
import { folder } from "../support/folder.ts";
import { needs } from "../support/programs.ts";

const machines = ["x64", "arm64"] as const;
const targets = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };

for (const machine of machines) {
  const assembler = `${targets[machine]}-as`;
  needs(assembler)(`the bytes of each instruction for ${machine} are those of its assembly`, () => {
    const lines = instructions[machine].map(([, assembly]) => assembly);
    const dir = folder({ "launcher.s": `${machine === "x64" ? ".intel_syntax noprefix\n" : ""}${lines.join("\n")}\n` });
    spawnSync(assembler, ["launcher.s", "-o", "launcher.o"], { cwd: dir });
    spawnSync(`${targets[machine]}-objcopy`, ["-O", "binary", "-j", ".text", "launcher.o", "code"], { cwd: dir });
    const bytes = instructions[machine].map(([each]) => each.replaceAll(" ", ""));
    expect(readFileSync(join(dir, "code")).toString("hex")).toBe(bytes.join(""));
  });
}

/** How a launcher for each machine is started here: itself, or by an emulator. */
const emulators: Record<Machine, readonly string[]> = {
  x64: process.arch === "x64" ? [] : ["qemu-x86_64-static"],
  arm64: process.arch === "arm64" ? [] : ["qemu-aarch64-static"],
};

/** What a launcher prints and reports when it makes the calls of a list. */
function run(machine: Machine, list: Uint8Array) {
  const dir = folder();
  const path = (name: string) => join(dir, name);
  writeFileSync(path("list"), list);
  writeFileSync(path("launcher"), launcherProgram(machine), { mode: 0o700 });
  const [file, ...args] = [...emulators[machine], path("launcher")];
  const [listFd, saidFd, writtenFd] = [
    openSync(path("list"), "r"),
    openSync(path("said"), "w"),
    openSync(path("written"), "w"),
  ];
  const { status, signal } = spawnSync(file!, args, { stdio: ["ignore", saidFd, "ignore", listFd, writtenFd] });
  for (const fd of [listFd, saidFd, writtenFd]) closeSync(fd);
  return { code: status, signal, said: readFileSync(path("said"), "utf8"), written: readFileSync(path("written")) };
}

const firstFreeFd = 5;
const ENOENT = 2;
const say = (calls: CallList, text: string) => calls.add("write", "stdout", [1, text, Buffer.byteLength(text)]);
const openMissing = (calls: CallList, accepted = 0) => calls.add("openat", "/missing", [-100, "/missing", 0], accepted);

for (const machine of machines) {
  // The emulator's package is too large for test/programs.
  const emulated = test.skipIf(!emulators[machine].every((program) => Bun.which(program)));

  emulated(`the launcher for ${machine} makes calls in order until one fails, and says which`, () => {
    const calls = new CallList(machine, firstFreeFd);
    say(calls, "one ");
    openMissing(calls, ENOENT);
    say(calls, "two ");
    openMissing(calls);
    say(calls, "never");
    const { code, said, written } = run(machine, calls.bytes());
    expect({ code, said }).toEqual({ code: 125, said: "one two " });
    expect(calls.failure(written)).toBe("openat of /missing failed: ENOENT");
  });

  emulated(`the launcher for ${machine} continues only where a word has the expected value`, () => {
    const calls = new CallList(machine, firstFreeFd);
    const stats = new Uint8Array(256);
    calls.add("fstat", "stdin", [0, stats]);
    const word = Buffer.from("a word :");
    calls.expect("another word", word, 0, word.readBigUInt64LE());
    say(calls, "equal");
    calls.expect("something else lies there", stats, 0, 2n ** 64n - 1n);
    say(calls, "never");
    const { code, said, written } = run(machine, calls.bytes());
    expect({ code, said }).toEqual({ code: 125, said: "equal" });
    expect(calls.failure(written)).toBe("something else lies there");
  });

  emulated(`the launcher for ${machine} passes texts, bytes and lists of them by their addresses`, () => {
    const calls = new CallList(machine, firstFreeFd);
    const large = "x".repeat(3 * 1024 ** 2);
    say(calls, large);
    // Its own list and that of another call, behind three megabytes.
    calls.add("execve", "/missing", ["/missing", ["/missing", large, 0], [0]], ENOENT);
    calls.add("symlinkat", "nothing", ["target", -100, ""]);
    const { code, said, written } = run(machine, calls.bytes());
    expect({ code, length: said.length }).toEqual({ code: 125, length: large.length });
    expect(calls.failure(written)).toBe("symlinkat of nothing failed: ENOENT");
  });

  emulated(`the launcher for ${machine} does nothing more where its list ends too early`, () => {
    const calls = new CallList(machine, firstFreeFd);
    say(calls, "one ");
    say(calls, "never");
    // Cut in the second call, so that its number is 0.
    const { code, said } = run(machine, calls.bytes().subarray(0, 64));
    expect(code).not.toBe(0);
    expect(said).not.toContain("never");
    expect(run(machine, new Uint8Array()).code).not.toBe(0);
  });
}

test("a list that does not fit into the launcher's memory is refused", () => {
  const calls = new CallList("x64", firstFreeFd);
  say(calls, "x".repeat(8 * 1024 ** 2));
  expect(() => calls.bytes()).toThrow("E2BIG");
});
