import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execute } from "../../src/tools/execute.ts";
import { groupForCommand } from "../../src/tools/sandbox/cgroup.ts";
import { searchSandbox } from "../../src/tools/sandbox/detect.ts";
import { hierarchiesOf } from "../../src/tools/sandbox/hierarchies.ts";
import { confinedTo, findProgram, type SandboxPolicy, start } from "../../src/tools/sandbox/index.ts";
import { Shares } from "../../src/tools/shares.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { mechanisms, programsOf, testEachMechanism } from "../support/mechanisms.ts";
import { needs } from "../support/programs.ts";

const never = new AbortController().signal;
const MiB = 1024 ** 2;

/** Whether this user may make control groups here. */
const trial = groupForCommand({ memoryBytes: 64 * MiB, processes: 10 });
trial?.remove();

async function ran(mechanism: string, script: string, more: Partial<SandboxPolicy>) {
  const { sandbox } = await searchSandbox(mechanism as never);
  const rootDir = folder();
  const rootFd = openSync(rootDir, constants.O_RDONLY);
  afterThisTest(() => closeSync(rootFd));
  const policy = { ...confinedTo(rootDir, rootFd), ...more };
  const child = start(sandbox!, policy, [findProgram("bash")!, "-c", script]);
  return execute(child, { timeoutMs: 30_000, signal: never });
}

/** Writes to memory that is shared with children: no limit of a single process counts it. */
const share = (bytes: number) =>
  `python3 -c 'import mmap; m = mmap.mmap(-1, ${bytes}); [m.__setitem__(i, 1) for i in range(0, ${bytes}, 4096)]; print("had it")'`;

for (const mechanism of mechanisms) {
  const testHere = trial ? needs("python3", ...programsOf[mechanism]) : test.skip;
  testHere(`shared memory counts in the group of ${mechanism}`, async () => {
    const memoryBytes = 96 * MiB;
    const fits = await ran(mechanism, share(32 * MiB), { memoryBytes });
    expect(fits).toMatchObject({ exitCode: 0, stdout: "had it\n" });
    const isTooMuch = await ran(mechanism, `${share(256 * MiB)}; exit $?`, { memoryBytes });
    expect(isTooMuch).toMatchObject({ exitCode: 137, stdout: "" });
  });
}

testEachMechanism(
  "the temporary folders of a command of %s are bounded, and nothing else takes files",
  async (name) => {
    const fill = (path: string) => `head -c 17M /dev/zero 2>/dev/null > ${path}/file && echo ${path} took it`;
    const script = ["/tmp", "/dev/shm", "/var/tmp", "/home/nobody", "/run", "/", "/etc", "/dev"].map(fill).join("\n");
    const { stdout } = await ran(name, `${script}\ntrue`, {});
    expect(stdout).toBe("");
  },
);

testEachMechanism("the kernel would end a command of %s before the server", async (mechanism) => {
  const { stdout } = await ran(
    mechanism,
    "echo 0 2>/dev/null > /proc/self/oom_score_adj; cat /proc/*/oom_score_adj",
    {},
  );
  expect(new Set(stdout.trim().split("\n"))).toEqual(new Set(["1000"]));
});

testEachMechanism("a command of %s does not run when descriptors run out before all is hidden", async (mechanism) => {
  // Without imports: Bun itself ends when it resolves one and no descriptor is left.
  const flow = "// smithers-orchestrator\nexport default 1;\n";
  const rootDir = folder({ ".env": "seen", "runs.db": "seen _smithers_runs", "flow.tsx": flow });
  const script = fileURLToPath(new URL("few-descriptors.ts", import.meta.url));
  const limited = ["--nofile=300:300", process.execPath, script, mechanism, rootDir];
  const { stdout } = spawnSync("prlimit", limited, { encoding: "utf8", timeout: 60_000 });
  const results: string[] = JSON.parse(stdout);
  const last = results.pop();
  expect(last).toBe("ran\n");
  expect(results.filter((each) => each.includes("seen") || each.includes("ran"))).toEqual([]);
  expect(results[0]).toBe("no process was started");
  expect(readFileSync(join(rootDir, "flow.tsx"), "utf8")).toBe(flow);
});

test("commands at once have no more temporary space than there is, and each has some", async () => {
  const shares = new Shares({ commands: 8, bytes: 64 * MiB, mostBytes: 16 * MiB, leastBytes: MiB });
  const taken = await Promise.all(Array.from({ length: 8 }, () => shares.take(never)));
  const sizes = taken.map(({ temporaryBytes }) => temporaryBytes / MiB);
  expect(sizes.slice(0, 4)).toEqual([16, 16, 16, 8]);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(64);
  for (const share of taken) share.release();
  expect((await shares.take(never)).temporaryBytes).toBe(16 * MiB);
});

test("a command waits for its turn, in order, until it is cancelled", async () => {
  const shares = new Shares({ commands: 1, bytes: MiB, mostBytes: MiB, leastBytes: 1 });
  const first = await shares.take(never);
  const order: string[] = [];
  const cancelled = new AbortController();
  const gaveUp = shares.take(cancelled.signal).catch((error) => order.push(error.message));
  const second = shares.take(never).then((share) => {
    order.push("second");
    return share;
  });
  cancelled.abort(new Error("cancelled"));
  await gaveUp;
  first.release();
  // Twice is as good as once.
  first.release();
  const third = shares.take(never).then(() => order.push("third"));
  (await second).release();
  await third;
  expect(order).toEqual(["cancelled", "second", "third"]);
});

const versionOne = `31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw`;

test("groups are made below this process's own in version 1 of the kernel's control groups", () => {
  expect(hierarchiesOf("8:pids:/\n4:memory:/app/server\n2:cpu:/\n0::/", versionOne)).toEqual([
    { folder: "/sys/fs/cgroup/pids", processesFile: "pids.max" },
    { folder: "/sys/fs/cgroup/memory/app/server", memoryFile: "memory.limit_in_bytes" },
  ]);
});

test("groups are made next to this process's own in version 2, where its parent bounds something", () => {
  const groups = folder({
    "slice/cgroup.subtree_control": "cpu memory pids\n",
    "slice/server/cgroup.subtree_control": "\n",
    "scope/cgroup.subtree_control": "cpu\n",
    "scope/shell/cgroup.subtree_control": "\n",
  });
  const mounts = `40 31 0:38 / ${groups} rw,relatime - cgroup2 cgroup2 rw`;
  const enable = "+memory +pids";
  expect(hierarchiesOf("0::/slice/server", mounts)).toEqual([
    { folder: join(groups, "slice"), memoryFile: "memory.max", processesFile: "pids.max", enable },
  ]);
  expect(hierarchiesOf("0::/scope/shell", mounts)).toEqual([]);
  expect(hierarchiesOf("0::/", mounts)).toEqual([]);
});
