/** @jsxImportSource smithers-orchestrator */
import { expect } from "bun:test";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { bash, createSmithers, isSmithersError, type SmithersError, type ToolAccess } from "smithers-orchestrator";
import { z } from "zod";
import { anyText } from "../support/any-text.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { testWithBash as test } from "../support/mechanisms.ts";
import { needs } from "../support/programs.ts";
import { type Ran, run } from "../support/run.ts";
import { processesIn } from "../support/sandboxed.ts";

const { smithers, outputs, Workflow, Task } = createSmithers({ result: z.object({ value: z.unknown() }) });

/** Runs one task below a folder of its own. */
function inRun(work: () => unknown, { rootDir = folder(), tools, ...options }: RunOptions = {}): Promise<Ran> {
  return run(
    smithers(() => (
      <Workflow name="bash">
        <Task id="a" output={outputs.result} noRetry tools={tools}>
          {async () => ({ value: await work() })}
        </Task>
      </Workflow>
    )),
    { rootDir, ...options },
  );
}

type RunOptions = { rootDir?: string; tools?: ToolAccess; signal?: AbortSignal; allowNetwork?: boolean; db?: string };

async function resultOf(work: () => unknown, options?: RunOptions): Promise<unknown> {
  const { output, error } = await inRun(work, options);
  if (error) throw new Error(`${error.code}: ${error.message}`);
  return (output as { value: unknown }).value;
}

async function commandFailure(work: () => Promise<unknown>, options?: RunOptions): Promise<SmithersError> {
  let thrown: unknown;
  await inRun(async () => {
    try {
      await work();
    } catch (error) {
      thrown = error;
    }
    return null;
  }, options);
  if (isSmithersError(thrown)) return thrown;
  throw new Error(`It did not fail with a code: ${String(thrown)}`);
}

const details = (error: SmithersError) => error.details as { exitCode: number | null; stdout: string; stderr: string };

test("stdout comes without its final newline", async () => {
  expect(await resultOf(() => bash("echo hi; echo"))).toBe("hi\n");
});

test("a command that begins with a dash is a command", async () => {
  expect(details(await commandFailure(() => bash("-x"))).exitCode).toBe(127);
});

test("outside a run bash works in the current folder", async () => {
  const root = folder();
  const before = process.cwd();
  process.chdir(root);
  afterThisTest(() => process.chdir(before));
  expect(await bash("pwd")).toBe(root);
});

test("any string comes back from a template unchanged, but for a final newline", async () => {
  const strings = anyText({ maxLength: 60 }).filter((text) => !text.includes("\0"));
  const nasty = [
    "",
    "'",
    "''\\'",
    "$(id)",
    "`id`",
    "-n",
    "a\nb\r\n",
    "\\",
    '"$HOME"',
    "*",
    "!!",
    "\u{1F600}\u0301",
    "~",
  ];
  await inRun(async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(strings, { minLength: 100, maxLength: 100 }), async (generated) => {
        const all = [...nasty, ...generated].map((text) => text.replace(/\p{Cs}/gu, "\uFFFD"));
        const echoed = await bash`for each in ${all}; do printf '%s\\0' "$each"; done; printf %s ${all.at(-1)}`;
        expect(echoed).toBe([...all, all.at(-1)!.replace(/\n$/, "")].join("\0"));
      }),
      { numRuns: 3 },
    );
    return null;
  }).then(({ error }) => expect(error).toBeUndefined());
});

test("an array in a template is as many words", async () => {
  expect(await resultOf(() => bash`printf '[%s]' ${["a b", "c"]}`)).toBe("[a b][c]");
});

test("options set the folder, the environment and the time", async () => {
  const root = folder({ "sub/file": "" });
  expect(
    await resultOf(() => bash("pwd; echo $GREETING", { cwd: "sub", env: { GREETING: "hi" } }), { rootDir: root }),
  ).toBe(`${root}/sub\nhi`);
});

test("the environment is PATH, HOME, LANG and what is passed", async () => {
  process.env.SMITHERS_TEST_SECRET = "hidden";
  afterThisTest(() => {
    delete process.env.SMITHERS_TEST_SECRET;
  });
  const names = String(await resultOf(() => bash("env | cut -d= -f1 | sort", { env: { MINE: "1" } }))).split("\n");
  // The shell itself sets the last three.
  const allowed = ["HOME", "LANG", "MINE", "PATH", "PWD", "SHLVL", "_"];
  expect(names.filter((name) => !allowed.includes(name))).toEqual([]);
  expect(names).toContain("MINE");
});

test("LD_PRELOAD and BASH_ENV take effect only inside the sandbox", async () => {
  const root = folder();
  const error = await commandFailure(
    () => bash("true; exit 7", { env: { LD_PRELOAD: "/no/such.so", BASH_ENV: "/no/such" } }),
    {
      rootDir: root,
    },
  );
  expect(details(error).exitCode).toBe(7);
});

test.each([
  ["..", "TOOL_PATH_ESCAPE"],
  ["/etc", "TOOL_PATH_ESCAPE"],
  ["out", "TOOL_PATH_ESCAPE"],
  ["missing", "TOOL_FILE_FAILED"],
])("a cwd of %s is %s", async (cwd, code) => {
  const root = folder();
  symlinkSync("/etc", join(root, "out"));
  expect((await commandFailure(() => bash("pwd", { cwd }), { rootDir: root })).code).toBe(code as never);
});

test("a failing command says its exit code, stdout and stderr", async () => {
  const error = await commandFailure(() => bash("echo out; echo err >&2; exit 3"));
  expect(error.code).toBe("TOOL_COMMAND_FAILED");
  expect(details(error)).toEqual({ exitCode: 3, stdout: "out\n", stderr: "err\n" });
  expect(error.message).toContain("exited with 3: err");
});

test("standard input is closed", async () => {
  expect(await resultOf(() => bash("cat; echo end"))).toBe("end");
});

test("a temporary folder is the command's own, and empty at the next one", async () => {
  const root = folder();
  const value = await resultOf(
    async () => [await bash("echo x > /tmp/x; ls -A /tmp"), await bash("ls /tmp/x || echo none")],
    {
      rootDir: root,
    },
  );
  expect(value).toEqual([expect.stringContaining("x"), "none"]);
  expect(existsSync("/tmp/x")).toBe(false);
});

needs(
  "node",
  "ip",
  "unshare",
)("loopback works inside of the sandbox", async () => {
  const server = `require("net").createServer((s) => s.end("hi")).listen(5000, "127.0.0.1", () => require("net").connect(5000, "127.0.0.1").on("data", (d) => { console.log(String(d)); process.exit(0); }))`;
  expect(await resultOf(() => bash`node -e ${server}`)).toBe("hi");
});

test("a server that a command leaves behind ends with it", async () => {
  const root = folder();
  const ran = await inRun(() => bash("setsid sleep 61 & (sleep 62 &) ; disown -a; echo left"), { rootDir: root });
  expect(ran.output).toEqual({ value: "left" });
  expect(processesIn(root)).toEqual([]);
});

test("a command that closes its streams and lives on is waited for, and ended at its time", async () => {
  const root = folder();
  const error = await commandFailure(() => bash("exec >&- 2>&- <&-; sleep 60", { timeoutMs: 300 }), { rootDir: root });
  expect(error.message).toContain("ran longer than 300 ms");
  expect(processesIn(root)).toEqual([]);
});

test("a command that ignores SIGTERM is killed with all that it has started", async () => {
  const root = folder();
  const command = "trap '' TERM; setsid bash -c 'trap \"\" TERM; sleep 63' & echo begun; while :; do sleep 1; done";
  const error = await commandFailure(() => bash(command, { timeoutMs: 500 }), { rootDir: root });
  expect(details(error)).toMatchObject({ exitCode: null, stdout: "begun\n" });
  expect(processesIn(root)).toEqual([]);
});

test("a command is asked to end before it is killed", async () => {
  const root = folder();
  await commandFailure(
    () => bash("trap 'echo asked > asked; exit' TERM; touch ready; while :; do sleep 0.05; done", { timeoutMs: 1_000 }),
    {
      rootDir: root,
    },
  );
  expect(readFileSync(join(root, "asked"), "utf8")).toBe("asked\n");
});

test("a cancelled run ends its command", async () => {
  const root = folder();
  const controller = new AbortController();
  const ran = inRun(() => bash("touch begun; sleep 64"), { rootDir: root, signal: controller.signal });
  await eventually(() => existsSync(join(root, "begun")));
  controller.abort();
  expect((await ran).status).toBe("cancelled");
  await eventually(() => processesIn(root).length === 0);
});

test("a command that its task has not waited for ends with the task", async () => {
  const root = folder();
  let left: Promise<unknown> = Promise.resolve();
  await inRun(
    async () => {
      left = bash("touch begun; sleep 65").catch((error) => error.message);
      await eventually(() => existsSync(join(root, "begun")));
      return null;
    },
    { rootDir: root },
  );
  expect(await left).toContain("was cancelled");
});

test("a fork bomb is bounded, and leaves the server as it is", async () => {
  const root = folder();
  let most = 0;
  const count = setInterval(() => {
    most = Math.max(most, processesIn(root).length);
  }, 100);
  afterThisTest(() => clearInterval(count));
  const command = "bomb() { sleep 60 & bomb | bomb & }; bomb; sleep 60";
  const error = await commandFailure(() => bash(command, { timeoutMs: 1_000 }), { rootDir: root });
  expect(error.code).toBe("TOOL_COMMAND_FAILED");
  expect(most).toBeGreaterThan(50);
  expect(most).toBeLessThanOrEqual(520);
  expect(processesIn(root)).toEqual([]);
});

test("100 MB of output are cut with a mark, and the beginning and the end are kept", async () => {
  const value = String(
    await resultOf(() => bash("echo first; head -c 100000000 /dev/zero; echo; echo last").then((text) => text)),
  );
  expect(value.length).toBeLessThan(200_200);
  expect(value.startsWith("first\n\0\0")).toBe(true);
  expect(value.endsWith("\0\0\nlast")).toBe(true);
  expect(value).toMatch(/\n\[cut: 998\d{5} bytes are left out here\]\n/);
});

test("10 MB on one line are cut between characters", async () => {
  const value = String(await resultOf(() => bash("yes ä | tr -d '\\n' | head -c 10000000")));
  expect(value.includes("\uFFFD")).toBe(false);
  expect(value).toContain("[cut: ");
});

test("bytes that are not UTF-8 become replacement characters, and zero bytes stay", async () => {
  expect(await resultOf(() => bash("printf 'a\\xff\\x00b'"))).toBe("a\uFFFD\0b");
});

test("stdout and stderr are shown as events while the command runs", async () => {
  const root = folder();
  const { output, events } = await run(
    smithers(() => (
      <Workflow name="bash">
        <Task id="a" output={outputs.result}>
          {async () => ({
            value: await bash("echo one; echo bad >&2; until [ -e go ]; do sleep 0.01; done; echo two"),
          })}
        </Task>
      </Workflow>
    )),
    {
      rootDir: root,
      onProgress(event) {
        // The command ends only after what it has said so far was shown.
        if (event.type === "NodeOutput" && event.stream === "stderr") writeFileSync(join(root, "go"), "");
      },
    },
  );
  expect(output).toEqual({ value: "one\ntwo" });
  const shown = events.filter((event) => event.type === "NodeOutput");
  expect(
    shown
      .filter(({ stream }) => stream === "stdout")
      .map(({ text }) => text)
      .join(""),
  ).toBe("one\ntwo\n");
  expect(
    shown
      .filter(({ stream }) => stream === "stderr")
      .map(({ text }) => text)
      .join(""),
  ).toBe("bad\n");
});

test("a task may narrow the root folder, and then writes nowhere else", async () => {
  const root = folder({ "a/file": "", "b/file": "" });
  const value = await resultOf(() => bash("pwd; touch ../b/file 2>/dev/null || echo refused"), {
    rootDir: root,
    tools: { rootDir: "a" },
  });
  expect(value).toBe(`${root}/a\nrefused`);
});

test.each(["..", "/", "out"])("a task never sees a wider root than its run: %s", async (wider) => {
  const root = folder({ "sub/file": "" });
  symlinkSync("..", join(root, "out"));
  const ran = await inRun(() => bash("pwd"), { rootDir: root, tools: { rootDir: wider } });
  expect(ran.error?.code).toBe("TOOL_PATH_ESCAPE");
});

test("a task can give up the network, and cannot gain a network that its run does not have", async () => {
  const interfaces = () => bash("tail -n +3 /proc/net/dev | wc -l");
  const [without, narrowed, widened] = await Promise.all([
    resultOf(interfaces),
    resultOf(interfaces, { allowNetwork: true, tools: { allowNetwork: false } }),
    resultOf(interfaces, { tools: { allowNetwork: true } }),
  ]);
  expect([without, narrowed, widened]).toEqual(["1", "1", "1"]);
});

needs("curl", "unshare")("allowNetwork opens the network, and nothing else", async () => {
  const server = Bun.serve({ port: 0, fetch: () => new Response("hi") });
  afterThisTest(() => server.stop(true));
  const script = `curl -s http://127.0.0.1:${server.port}/; echo; touch /etc/x 2>/dev/null || echo read-only; ls /proc | grep -cE '^[0-9]+$'; ls -A /tmp | wc -l`;
  const value = String(await resultOf(() => bash(script), { allowNetwork: true }));
  const [body, write, processes] = value.split("\n");
  expect([body, write]).toEqual(["hi", "read-only"]);
  expect(Number(processes)).toBeLessThan(10);
});

test("where no sandbox works, a command is refused and says what to install", async () => {
  const script = `
    import { bash } from "smithers-orchestrator";
    console.log(await bash("echo ran").catch(({ code, message }) => code + ": " + message));`;
  const child = Bun.spawnSync([process.execPath, "-e", script], {
    cwd: import.meta.dir,
    env: { ...process.env, SMITHERS_SANDBOX: "sandbox-exec" },
  });
  const said = child.stdout.toString();
  expect(said).toStartWith("TOOL_SANDBOX_UNAVAILABLE: ");
  expect(said).toContain("apt-get install bubblewrap");
});
