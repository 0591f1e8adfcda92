/** @jsxImportSource smithers-orchestrator */
import { expect } from "bun:test";
import { bash, createSmithers } from "smithers-orchestrator";
import { z } from "zod";
import { folder } from "../support/folder.ts";
import { onlySandbox, testEachMechanism } from "../support/mechanisms.ts";
import { run } from "../support/run.ts";

const { smithers, outputs, Workflow, Task } = createSmithers({ result: z.object({ value: z.string() }) });

/** What a command says in a run below a folder of its own. */
async function said(command: string, files: Record<string, string> = {}): Promise<string> {
  const workflow = smithers(() => (
    <Workflow name="programs">
      <Task id="a" output={outputs.result} noRetry>
        {async () => ({ value: await bash(command) })}
      </Task>
    </Workflow>
  ));
  const { output, error } = await run(workflow, { rootDir: folder(files) });
  if (error) throw new Error(`${error.message} ${JSON.stringify(error.details)}`);
  return (output as { value: string }).value;
}

testEachMechanism("Bun runs, serves itself and tests under %s", async (mechanism) => {
  onlySandbox(mechanism);
  const files = {
    "serve.ts": `
      const server = Bun.serve({ port: 0, fetch: () => new Response("served") });
      console.log(await (await fetch(server.url)).text(), await Bun.$\`echo spawned\`.text());
      server.stop();`,
    "sum.test.ts": `import { expect, test } from "bun:test"; test("sum", () => expect(1 + 1).toBe(2));`,
  };
  const bun = process.execPath;
  expect(await said(`${bun} serve.ts && ${bun} test 2>&1 | grep pass`, files)).toMatch(/^served spawned\n\n.*1 pass/s);
});

testEachMechanism(
  "Node runs, and talks to its children and threads under %s",
  async (mechanism) => {
    onlySandbox(mechanism);
    const files = {
      "main.mjs": `
      import { execFileSync, fork } from "node:child_process";
      import { once } from "node:events";
      import { networkInterfaces } from "node:os";
      import { Worker } from "node:worker_threads";
      const child = fork("./child.mjs");
      const [message] = await once(child, "message");
      const worker = new Worker("require('worker_threads').parentPort.postMessage('thread')", { eval: true });
      const [told] = await once(worker, "message");
      console.log(message, told, execFileSync("echo", ["program"]).toString().trim(), Object.keys(networkInterfaces())[0]);`,
      "child.mjs": `process.send("child", () => process.disconnect());`,
    };
    expect(await said("node main.mjs", files)).toBe("child thread program lo");
  },
  { others: ["node"] },
);

testEachMechanism(
  "git makes, commits, branches, merges and clones under %s",
  async (mechanism) => {
    onlySandbox(mechanism);
    const script = `
    git init -q -b main repo && cd repo && git config user.name Ada && git config user.email ada@example.com
    echo one > file && git add . && git commit -qm first && git checkout -qb other
    echo two >> file && git commit -qam second && git checkout -q main && git merge -q other
    git worktree add -q ../tree other && git stash list && git clone -q . ../copy && cd ../copy && git gc -q
    git log --format=%s`;
    expect(await said(script)).toBe("second\nfirst");
  },
  { others: ["git"] },
);

testEachMechanism(
  "Python runs, with processes, threads and temporary files under %s",
  async (mechanism) => {
    onlySandbox(mechanism);
    const files = {
      "main.py": `
import asyncio, hashlib, multiprocessing, os, pathlib, pwd, sqlite3, ssl, subprocess, tempfile

def square(n):
    return n * n

async def ran():
    process = await asyncio.create_subprocess_exec("echo", "asynchronous", stdout=asyncio.subprocess.PIPE)
    return (await process.communicate())[0].decode().strip()

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        squares = pool.map(square, range(4))
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
    sqlite3.connect("own.db").execute("create table t (n)")
    pathlib.Path.home().joinpath("note").write_text("x")
    assert len(ssl.create_default_context().get_ca_certs()) > 0
    print(squares, asyncio.run(ran()), subprocess.check_output(["echo", "program"], text=True).strip())`,
    };
    expect(await said("python3 main.py", files)).toBe("[0, 1, 4, 9] asynchronous program");
  },
  { others: ["python3"] },
);

testEachMechanism(
  "npm packs and installs a folder, and runs scripts under %s",
  async (mechanism) => {
    onlySandbox(mechanism);
    const files = {
      "app/package.json": JSON.stringify({
        name: "app",
        version: "1.0.0",
        scripts: { postinstall: "node script.js" },
        dependencies: { lib: "file:../lib" },
      }),
      "app/script.js": `require("node:fs").writeFileSync("said", "a script with " + require("lib") + "\\n");`,
      "lib/package.json": JSON.stringify({ name: "lib", version: "1.0.0" }),
      "lib/index.js": `module.exports = "lib";`,
      "lib/note": "packed",
    };
    // With --install-links it packs the folder and unpacks it, instead of a link to it.
    const script =
      "cd app && npm install --offline --no-audit --silent --install-links && cat said node_modules/lib/note";
    expect(await said(script, files)).toBe("a script with lib\npacked");
  },
  { others: ["npm"] },
);
