import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { smithers, startSmithers } from "../support/cli.ts";
import { withoutTimes } from "../support/clock.ts";
import { Collector } from "../support/collector.ts";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { inStore } from "../support/run.ts";
import { echo, workflowFile } from "../support/workflows.ts";

/** For lines whose process shows nothing. */
const hosted = hostedCommands({ executes: true });

const decision = workflowFile(
  `<Approval id="ship" output={outputs.decision} request={{ title: "Ship it?" }} />
   <Task id="after" output={outputs.result}>{() => ({ value: "shipped" })}</Task>`,
  { schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })" },
);
/** Writes that its first task runs, and waits until a file is there. */
const slow = workflowFile(
  `<Task id="first" output={outputs.result}>{async () => { appendFileSync("ran", "first\\n"); return { value: 1 }; }}</Task>
   <Task id="second" output={outputs.result}>{async ({ signal }) => {
     console.log("second runs");
     await fileAt("go", signal);
     return { value: 2 };
   }}</Task>
   <Task id="third" output={outputs.result}>{async () => { appendFileSync("ran", "third\\n"); return { value: 3 }; }}</Task>`,
);
const failing = workflowFile(
  `<Task id="boom" output={outputs.result} noRetry>{() => { throw new Error("the disk is full"); }}</Task>`,
);

test("a run that finishes prints its output on stdout, its progress on stderr, and exits with 0", async () => {
  const root = folder({ "echo.tsx": echo });
  const { code, out, err } = await smithers(root, "up", "echo.tsx", "--input", `{"msg":"hi"}`, "--run-id", "r1");
  expect({ code, out }).toEqual({ code: 0, out: '{\n  "value": "hi"\n}\n' });
  expect(withoutTimes(err)).toMatch(
    / run r1 started\n.* say started\n.* say finished\n.* run finished\nThe run r1 has finished in …\.\n$/s,
  );
  expect(readdirSync(root).filter((name) => name.includes(".smithers-"))).toEqual([]);
});

test("--json prints only the result on stdout, whatever the workflow's code prints", async () => {
  const saying = echo.replace("{() => (", '{() => console.log("saying %d", 1) ?? (');
  const root = folder({ "echo.tsx": echo, "saying.tsx": saying });
  const said = await smithers(root, "up", "saying.tsx", "--input", `{"msg":2}`, "--json");
  expect(said.err).toContain("saying 1\n");
  expect(JSON.parse(said.out)).toMatchObject({ output: { value: 2 } });
  const result = await hosted.smithersJson(root, "up", "echo.tsx", "--input", `{"msg":[1]}`, "--run-id", "r1");
  expect(result).toEqual({ runId: "r1", status: "finished", output: { value: [1] } });
});

test("a run that fails exits with 1 and prints how to continue it", async () => {
  const root = folder({ "failing.tsx": failing });
  const { code, out, err } = await hosted.smithers(root, "up", "failing.tsx", "--run-id", "r1");
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(withoutTimes(err)).toMatch(
    /The run r1 failed in …\.\n"boom" failed at failing\.tsx:\d+:\d+: the disk is full\n {2}\$ smithers resume r1\n/,
  );
});

test("a run that waits for a decision exits with 3 and prints the commands to decide", async () => {
  const root = folder({ "decision.tsx": decision });
  const { code, err } = await smithers(root, "up", "decision.tsx", "--run-id", "r1");
  expect(code).toBe(3);
  expect(err).toEndWith(`The run r1 is waiting.
"ship" is waiting for a decision: "Ship it?".
  $ smithers approve r1 ship
  $ smithers deny r1 ship
Then continue the run:
  $ smithers resume r1
`);
  await inStore(join(root, "smithers.db"), (store) =>
    store.decide({ runId: "r1", nodeId: "ship", status: "granted" }, Date.now()),
  );
  const resumed = await hosted.smithersJson(root, "up", "decision.tsx", "--resume", "r");
  expect(resumed).toMatchObject({ status: "finished", output: { value: "shipped" } });
});

test("a run that another process cancels exits with 2", async () => {
  const root = folder({ "slow.tsx": slow });
  const run = startSmithers(["up", "slow.tsx", "--run-id", "r1"], { cwd: root });
  await run.says(/second runs/);
  expect((await hosted.smithers(root, "cancel", "r1")).code).toBe(0);
  expect((await run.ended).code).toBe(2);
});

test("a command that npx has started says npx in the commands that it prints", async () => {
  const root = folder({ "failing.tsx": failing });
  const args = ["up", "failing.tsx", "--run-id", "r1"];
  const { code, err } = await startSmithers(args, { cwd: root, env: { npm_command: "exec" } }).ended;
  expect(code).toBe(1);
  expect(err).toContain("\n  $ npx smithers resume r1\n");
});

test("the first signal lets running attempts end, and the printed resume command repeats no work", async () => {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    const root = folder({ "slow.tsx": slow });
    const run = startSmithers(["up", "slow.tsx", "--run-id", "r1"], { cwd: root });
    await run.says(/second runs/);
    run.child.kill(signal);
    await run.saysBeside(/Stopping: running attempts get up to 5 s to end/);
    writeFileSync(join(root, "go"), "");
    const ended = await run.ended;
    expect(ended.code).toBe(code);
    expect(ended.err).toEndWith(
      "The run r1 was stopped; finished work is kept.\nContinue the run:\n  $ smithers resume r1\n",
    );
    const why = await hosted.smithersJson(root, "why", "r1");
    expect(why).toMatchObject({ state: "stale", reasons: [{ kind: "stale", commands: ["smithers resume r1"] }] });
    expect(why.reasons[0].what).toStartWith("No process executes it.");
    expect(await hosted.smithersJson(root, "ps")).toMatchObject([{ runId: "r1", runState: { state: "stale" } }]);
    expect((await hosted.smithersJson(root, "up", "--resume", "r1")).status).toBe("finished");
    expect(readFileSync(join(root, "ran"), "utf8")).toBe("first\nthird\n");
  }
});

test("up --resume needs no file: the run's own is used, wherever the command is", async () => {
  const root = folder({ "flows/decision.tsx": decision, "flows/slow.tsx": slow, "other/x": "" });
  const at = (where: string, ...args: string[]) => hosted.smithers(join(root, where), ...args);
  const db = ["--db", join(root, "runs.db"), "--root", root];
  await at(".", "up", "flows/decision.tsx", "--run-id", "r1", ...db);
  await inStore(join(root, "runs.db"), (store) =>
    store.decide({ runId: "r1", nodeId: "ship", status: "granted" }, Date.now()),
  );
  expect(await at("other", "up", "--resume", "r1", ...db)).toMatchObject({
    code: 0,
    out: '{\n  "value": "shipped"\n}\n',
  });
  // Without a run, the latest of the database; `--resume` with a file, the latest of the file.
  await at(".", "up", "flows/decision.tsx", "--run-id", "r2", ...db);
  const latest = await at(".", "up", "--resume", ...db.slice(0, 2));
  expect(latest).toMatchObject({ code: 3, err: expect.stringContaining("Latest run: r2") });
  expect((await at(".", "up", "--resume", "flows/decision.tsx", ...db)).err).toContain("smithers approve r2 ship");
  const unknown = await at(".", "up", "--resume", "none", ...db);
  expect(unknown).toMatchObject({ code: 4, err: expect.stringContaining('There is no run "none"') });
  expect(await at(".", "up")).toMatchObject({ code: 4, err: expect.stringContaining("Name the workflow file") });
});

test("a second Ctrl+C ends the process at once", async () => {
  const root = folder({ "slow.tsx": slow });
  const run = startSmithers(["up", "slow.tsx"], { cwd: root });
  await run.says(/second runs/);
  run.child.kill("SIGINT");
  await run.saysBeside(/Stopping/);
  run.child.kill("SIGINT");
  expect((await run.ended).code).toBe(130);
});

test("resume does not repeat what a killed process has finished", async () => {
  const root = folder({ "slow.tsx": slow });
  const run = startSmithers(["up", "slow.tsx", "--run-id", "r1"], { cwd: root });
  await run.says(/second runs/);
  run.child.kill("SIGKILL");
  await run.ended;
  writeFileSync(join(root, "go"), "");
  const resumed = await hosted.smithers(root, "resume", "r1");
  expect(resumed.code).toBe(0);
  expect(readFileSync(join(root, "ran"), "utf8")).toBe("first\nthird\n");
});

test("a run continues after the reader of its output is gone", async () => {
  const root = folder({ "slow.tsx": slow });
  const run = startSmithers(["up", "slow.tsx", "--run-id", "r1"], { cwd: root });
  await run.says(/second runs/);
  run.child.stdout!.destroy();
  run.child.stderr!.destroy();
  writeFileSync(join(root, "go"), "");
  expect((await run.ended).code).toBe(0);
});

test("the input may be a file with a byte order mark and Windows line ends, or come from stdin", async () => {
  const root = folder({ "echo.tsx": echo, "input.json": '\uFEFF{\r\n  "msg": "from a file"\r\n}\r\n' });
  writeFileSync(join(root, "utf16.json"), Buffer.from('\uFEFF{"msg":"ü"}', "utf16le"));
  const command = (text: string) => ["up", "echo.tsx", "--json", "--input", text];
  const given = async (text: string) => (await hosted.smithersJson(root, ...command(text))).output.value;
  expect(await given("@input.json")).toBe("from a file");
  expect(await given("@utf16.json")).toBe("ü");
  const { out } = await startSmithers(command("-"), { cwd: root, input: `{"msg":"from stdin"}` }).ended;
  expect(JSON.parse(out).output.value).toBe("from stdin");
});

test("wrong usage exits with 4, says what is wrong, and starts no run", async () => {
  const root = folder({
    "echo.tsx": echo,
    "typed.tsx": workflowFile(`<Task id="t" output={outputs.result}>{{ value: 1 }}</Task>`, {
      schemas: "input: z.object({ n: z.number() }), result: z.object({ value: z.any() })",
    }),
    "plain.tsx": "export const x = 1;",
    "broken.tsx": "const a = 1;\nexport default (\n",
    "notes.txt": "",
    "empty.json": "",
    "list.json": "[1]",
  });
  const wrong: [string[], RegExp][] = [
    [["up"], /Name the workflow file/],
    [["up", "nothing.tsx"], /There is no workflow file "nothing\.tsx"\.\nCheck the path of the workflow file\.\n$/],
    [["up", "notes.txt"], /The name of a workflow file ends in/],
    [
      ["up", "plain.tsx"],
      /plain.tsx: The file has no workflow. Export the result of smithers\(…\) as the default export/,
    ],
    [["up", "broken.tsx"], /broken.tsx:2:17/],
    [["up", "../up.tsx"], /outside the root folder.*\n.*--root/],
    [["up", "echo.tsx", "--root", "nowhere"], /There is no folder nowhere/],
    [["up", "echo.tsx", "--input", `{"msg": 1,\n "b": x}`], /not valid JSON: unexpected "x" at line 2, column 7/],
    [["up", "echo.tsx", "--input", `{"a": [1, 2`], /not valid JSON: unexpected end of text at line 1, column 12/],
    [["up", "echo.tsx", "--input", `{'a': 1}`], /not valid JSON: unexpected "'" at line 1, column 2/],
    [["up", "echo.tsx", "--input", "@nothing.json"], /The file nothing.json cannot be read/],
    [["up", "echo.tsx", "--input", "@empty.json"], /The file empty.json is empty/],
    [["up", "echo.tsx", "--input", "@list.json"], /The file list.json is not a JSON object/],
    [["up", "typed.tsx", "--input", `{"n":"1"}`], /n: Invalid input: expected number/],
    [["up", "echo.tsx", "--run-id", "a b"], /Invalid run id "a b"/],
    [["up", "echo.tsx", "--resume"], /There is no run of echo\.tsx\./],
    [["up", "echo.tsx", "--resume", "r1", "--input", "{}"], /keeps its input/],
    [["up", "echo.tsx", "--resume", "r1", "--max-concurrency", "2"], /keeps its max-concurrency/],
    [["up", "echo.tsx", "--max-concurrency", "0"], /whole number of at least 1/],
    [["up", "echo.tsx", "--port", "1"], /The option --port requires --serve/],
    [["up", "echo.tsx", "--serve", "--port", "70000"], /whole number from 0 to 65535/],
    [["up", "echo.tsx", "--serve", "--host", "0.0.0.0"], /can be reached from other machines/],
    [["up", "echo.tsx", "--serve", "--auth-token", ""], /authToken.*empty/],
    [["up", "echo.tsx", "--inptu", "{}"], /unknown option '--inptu'\n\(Did you mean --input\?\)/],
  ];
  for (const [args, message] of wrong) {
    const { code, out, err } = await hosted.refused(root, ...args);
    expect([args, code, out]).toEqual([args, 4, ""]);
    expect(err).toMatch(message);
  }
  if (existsSync(join(root, "smithers.db"))) {
    await inStore(join(root, "smithers.db"), async (store) => {
      expect((await store.listRuns({ limit: 10 } as never)).runs).toEqual([]);
    });
  }
});

test("an existing id, an unknown run and an ended run are refused with different messages", async () => {
  const root = folder({ "echo.tsx": echo });
  await hosted.smithers(root, "up", "echo.tsx", "--run-id", "r1");
  const taken = await hosted.smithers(root, "up", "echo.tsx", "--run-id", "r1");
  expect(taken).toMatchObject({ code: 1, err: expect.stringContaining('There is already a run "r1".') });
  const missing = await hosted.smithers(root, "up", "echo.tsx", "--resume", "r2");
  expect(missing).toMatchObject({ code: 4, err: expect.stringContaining('There is no run "r2".') });
  const ended = await hosted.smithers(root, "up", "echo.tsx", "--resume", "r1");
  expect(ended).toMatchObject({ code: 1, err: expect.stringContaining('The run "r1" has finished.') });
});

test("the database is the named one, or else the nearest", async () => {
  const root = folder({ "echo.tsx": echo, "below/echo.tsx": echo });
  await hosted.smithers(root, "up", "echo.tsx", "--run-id", "above");
  const below = await hosted.smithers(join(root, "below"), "up", "echo.tsx", "--run-id", "below");
  expect(below.err).toStartWith("Using the nearest database, ../smithers.db.\n");
  expect(existsSync(join(root, "below/smithers.db"))).toBe(false);
  const other = await hosted.smithers(root, "up", "echo.tsx", "--db", "below/other.db", "--run-id", "r1");
  expect(other.code).toBe(0);
  await inStore(join(root, "smithers.db"), async (store) => {
    expect((await store.findRun("below"))!.workflowPath).toBe("below/echo.tsx");
    expect(await store.findRun("r1")).toBeUndefined();
  });
});

test("a run keeps its options, and its tools write only below --root", async () => {
  const writing = workflowFile(
    `<Task id="in" output={outputs.result}>{async () => { await write("made.txt", "x"); return { value: 1 }; }}</Task>
     <Task id="out" output={outputs.result} noRetry>{async () => { await write("../made.txt", "x"); return { value: 1 }; }}</Task>`,
    { head: `import { write } from "smithers-orchestrator";` },
  );
  const root = folder({ "below/writing.tsx": writing });
  const tools = ["--allow-network", "--readable", "a folder", "--writable", "package.json"];
  const args = ["--root", "below", "--max-concurrency", "2", ...tools, "--run-id", "r1"];
  const { code, err } = await hosted.smithers(root, "up", "below/writing.tsx", ...args);
  expect(code).toBe(1);
  const again = "--root below --allow-network --readable 'a folder' --writable package.json";
  expect(err).toContain(`$ smithers resume r1 ${again}\n`);
  expect(existsSync(join(root, "below/made.txt"))).toBe(true);
  await inStore(join(root, "smithers.db"), async (store) => {
    const run = await store.findRun("r1");
    expect([run?.config, run?.workflowPath, run?.error?.code]).toEqual([
      { maxConcurrency: 2 },
      "writing.tsx",
      "TOOL_PATH_ESCAPE",
    ]);
  });
});

test("with SMITHERS_OTEL_ENABLED the run's spans are exported before the process ends", async () => {
  const collector = await Collector.start();
  const root = folder({ "echo.tsx": echo });
  const env = { SMITHERS_OTEL_ENABLED: "1", OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  const run = startSmithers(["up", "echo.tsx", "--input", `{"msg":1}`, "--run-id", "r1"], { cwd: root, env });
  expect((await run.ended).code).toBe(0);
  expect(collector.spans.length).toBeGreaterThanOrEqual(2);
});
