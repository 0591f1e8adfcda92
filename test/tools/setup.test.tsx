/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bash, createSmithers } from "smithers-orchestrator";
import { z } from "zod";
import { commandFailure } from "../../src/tools/command-failure.ts";
import { execute } from "../../src/tools/execute.ts";
import { searchSandbox } from "../../src/tools/sandbox/detect.ts";
import { start } from "../../src/tools/sandbox/index.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { onlySandbox, testEachMechanism } from "../support/mechanisms.ts";
import { run } from "../support/run.ts";

const { smithers, outputs, Workflow, Task } = createSmithers({ result: z.object({ value: z.string() }) });

const says = (command: string, retries?: number) =>
  smithers(() => (
    <Workflow name="setup">
      <Task id="a" output={outputs.result} retries={retries}>
        {async () => ({ value: await bash(command) })}
      </Task>
    </Workflow>
  ));

testEachMechanism("%s runs a command when the database lies in another folder below /tmp", async (mechanism) => {
  onlySandbox(mechanism);
  const ran = await run(says("echo from-the-shell"), { rootDir: folder(), db: join(folder(), "smithers.db") });
  expect(ran.error).toBeUndefined();
  expect(ran.output).toEqual({ value: "from-the-shell" });
});

test("without a sandbox a task fails once, with TOOL_SANDBOX_UNAVAILABLE", async () => {
  onlySandbox("sandbox-exec");
  const ran = await run(says("echo hi"), { rootDir: folder() });
  expect(ran.error?.code).toBe("TOOL_SANDBOX_UNAVAILABLE");
  expect(ran.events.filter(({ type }) => type === "NodeStarted")).toHaveLength(1);
});

testEachMechanism("a sandbox of %s that cannot be set up is told from a command that fails", async (name) => {
  const { sandbox } = await searchSandbox(name);
  const rootDir = folder();
  const rootFd = openSync(rootDir, constants.O_RDONLY);
  afterThisTest(() => closeSync(rootFd));
  const nothing = { readable: [], hidden: [], protected: [], writable: [], env: {} };
  const policy = {
    rootDir,
    rootFd,
    readOnly: false,
    allowNetwork: false,
    memoryBytes: 1024 ** 3,
    temporaryBytes: 1024 ** 2,
    ...nothing,
  };
  const failed = async (cwd: string) => {
    const child = start(sandbox!, { ...policy, cwd }, ["/bin/bash", "-c", "exit 1"]);
    const executed = await execute(child, { timeoutMs: 10_000, signal: new AbortController().signal });
    return commandFailure(executed, { sandbox: name, timeoutMs: 10_000, rootDir, allowNetwork: false }).code;
  };
  expect(await failed(rootDir)).toBe("TOOL_COMMAND_FAILED");
  expect(await failed(join(rootDir, "missing"))).toBe("TOOL_SANDBOX_UNAVAILABLE");
});

testEachMechanism(
  "a command that is too long for %s is told from a sandbox that cannot be set up",
  async (mechanism) => {
    onlySandbox(mechanism);
    const { error } = await run(says(`: ${"x".repeat(200_000)}`), { rootDir: folder() });
    expect([error?.code, error?.message]).toEqual([
      "TOOL_COMMAND_FAILED",
      expect.stringContaining("Put what is long into a file."),
    ]);
  },
);

testEachMechanism(
  "a command of %s that fails without network says so",
  async (mechanism) => {
    onlySandbox(mechanism);
    const { error } = await run(says("curl -sS http://example.com/", 0), { rootDir: folder() });
    expect(error?.code).toBe("TOOL_COMMAND_FAILED");
    expect(error?.message).toContain("There is no network in `bash`: --allow-network");
  },
  { others: ["curl"] },
);

testEachMechanism("a command of %s that writes outside the root is told where it may write", async (mechanism) => {
  onlySandbox(mechanism);
  const rootDir = folder();
  const { error } = await run(says("touch /usr/x", 0), { rootDir });
  expect(error?.message).toContain(`can write below ${rootDir} and in /tmp`);
});

testEachMechanism(
  "%s confines commands wherever the root lies, but not to the whole file system",
  async (mechanism) => {
    onlySandbox(mechanism);
    const roots = [folder(), mkdtempSync("/var/tmp/smithers-root-"), mkdtempSync("/dev/shm/smithers root ü-")];
    afterThisTest(() => {
      for (const root of roots) rmSync(root, { recursive: true, force: true });
    });
    for (const rootDir of roots) {
      const { output, error } = await run(says("touch made; touch /usr/made 2>/dev/null || pwd"), { rootDir });
      expect([rootDir, output, error]).toEqual([rootDir, { value: rootDir }, undefined]);
      expect(existsSync(join(rootDir, "made"))).toBe(true);
    }
    const { error } = await run(says("true"), { rootDir: "/", db: join(folder(), "smithers.db") });
    expect(error?.code).toBe("TOOL_SANDBOX_UNAVAILABLE");
    expect(error?.message).toContain("set rootDir to a folder");
  },
);
