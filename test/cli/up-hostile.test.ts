import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { smithers, smithersJson, smithersWords, startSmithers } from "../support/cli.ts";
import { folder, write } from "../support/folder.ts";
import { echo, workflowFile } from "../support/workflows.ts";

test("a file that ends the process at its top level is refused, and the command says so", async () => {
  const root = folder({ "exits.tsx": `if (process.env.PATH) process.exit(0);\n${echo}` });
  for (const command of ["up", "graph"]) {
    const { code, out, err } = await smithers(root, command, "exits.tsx");
    expect({ code, out }).toEqual({ code: 4, out: "" });
    expect(err).toContain("exits.tsx:1:");
    expect(err).toContain("process.exit(0) was called. A workflow cannot end the process that executes it.");
  }
});

test("a rendering that ends the process is an error of graph, and of an edit with --hot", async () => {
  const exits = workflowFile("{process.exit(0)}");
  const waits = workflowFile(`<WaitForEvent id="w" event="go" output={outputs.result} />`);
  const root = folder({ "exits.tsx": exits, "hot.tsx": waits });
  const message = /process\.exit\(0\) was called\. A workflow cannot end the process that executes it/;
  const { code, err } = await smithers(root, "graph", "exits.tsx");
  expect([code, err]).toEqual([4, expect.stringMatching(message)]);
  const command = startSmithers(["up", "hot.tsx", "--hot", "--serve", "--port", "0"], { cwd: root });
  await command.saysBeside(/waiting for the signal/);
  write(root, { "hot.tsx": exits });
  await command.saysBeside(new RegExp(`The edited workflow is invalid.*${message.source}`));
  command.child.kill("SIGTERM");
  expect((await command.ended).code).toBe(143);
});

test("an error that nothing caught is printed once, and a missing console changes no result", async () => {
  const root = folder({
    "a.tsx": workflowFile(
      `<Task id="a" output={outputs.result} retries={0}>
         {async () => { globalThis.console = undefined; void Promise.reject(new Error("stray")); await new Promise((r) => setTimeout(r, 200)); return { value: 1 }; }}
       </Task>`,
    ),
  });
  const { code, out, err } = await smithers(root, "up", "a.tsx", "--json");
  expect([code, JSON.parse(out).error.message]).toEqual([1, "stray"]);
  expect(err.split("\n").filter((line) => line.startsWith("Nothing caught"))).toEqual([
    "Nothing caught an error of the workflow's code, and the attempt fails: Error: stray",
  ]);
});

test("a built-in that the top-level code of an edit breaks is put back, and charged to no task that runs", async () => {
  const slow = workflowFile(
    `<Task id="a" output={outputs.result}>{async (task) => { await fileAt("go"); return { value: task.attempt }; }}</Task>`,
  );
  const root = folder({ "hot.tsx": slow });
  const command = startSmithers(["up", "hot.tsx", "--hot"], { cwd: root });
  await command.saysBeside(/a started/);
  write(root, { "hot.tsx": `JSON.stringify = () => "x";\n${slow}` });
  await command.saysBeside(/The edited workflow is invalid|continues with the new version/);
  write(root, { go: "" });
  const { code, out, err } = await command.ended;
  expect([code, out]).toEqual([0, '{\n  "value": 1\n}\n']);
  expect(err).toMatch(
    /JSON\.stringify no longer worked, and was put back\. The top-level code of hot\.tsx may have broken it/,
  );
});

test("the command says that the database of a finished run was removed", async () => {
  const root = folder({
    "a.tsx": workflowFile(
      `<Task id="a" output={outputs.result}>{async () => { (await import("node:fs")).rmSync("smithers.db"); return { value: 1 }; }}</Task>`,
    ),
  });
  const { code, err } = await smithers(root, "up", "a.tsx");
  expect(code).toBe(0);
  expect(err).toContain("The database file was removed while the server had it open.");
});

test("a database that may not grow is reported for what it is", async () => {
  const root = folder();
  const words = [...smithersWords, "server", "--port", "0"].map((word) => `'${word}'`).join(" ");
  // As large as the first tables are in half.
  const child = spawn("bash", ["-c", `ulimit -f 100; exec ${words}`], {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const err = text(child.stderr);
  const [code] = await once(child, "close");
  expect([code, await err]).toEqual([
    1,
    expect.stringMatching(/^smithers: The database returned SQLITE_(IOERR|FULL)\w*\.$/m),
  ]);
});

test("code that breaks a built-in fails, and what is stored stays readable", async () => {
  const root = folder({
    "breaks.tsx": workflowFile(
      `{ctx.input.in === "render" ? ((JSON.stringify = () => "x"), null) : null}
       <Task id="t" output={outputs.result}>
         {async () => {
           if (ctx.input.in === "later") await new Promise((resolve) => setTimeout(resolve, 20));
           JSON.stringify = () => "x";
           return { value: 1 };
         }}
       </Task>`,
    ),
  });
  const runs = ["task", "later", "render"].map(async (at) => {
    const { code, out } = await smithers(
      root,
      "up",
      "breaks.tsx",
      "--db",
      `${at}.db`,
      "--input",
      `{"in":"${at}"}`,
      "--json",
    );
    return { code, error: JSON.parse(out).error };
  });
  const message = expect.stringContaining("JSON.stringify no longer worked after this code, and was put back.");
  const failed = { code: 1, error: expect.objectContaining({ code: "TASK_FAILED", nodeId: "t", message }) };
  const unrendered = { code: 1, error: expect.objectContaining({ code: "RENDER_FAILED", message }) };
  expect(await Promise.all(runs)).toEqual([failed, failed, unrendered]);
  expect(await smithersJson(root, "ps", "--db", "later.db")).toMatchObject([{ status: "failed" }]);
});
