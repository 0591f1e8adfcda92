import { expect, test } from "bun:test";
import { startSmithers } from "../support/cli.ts";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const { smithers } = hostedCommands({ executes: true });

const gate = workflowFile(
  `<Approval id="ship" output={outputs.gate} request={{ title: "Ship?" }} /><Signal id="paid" schema={z.object({ ok: z.boolean() })} correlationId="order-1" />`,
  { schemas: "gate: approvalDecisionSchema" },
);

const said = async (root: string, ...args: string[]) => {
  const { code, out, err } = await smithers(root, ...args);
  return { code, out, err };
};

test("a workflow file alone is run, and options without a value may be followed by true or false", async () => {
  const root = folder({ "echo.tsx": echo });
  const off = "--hot false --allow-network false --detach false --serve=false --supervise false --force true".split(
    " ",
  );
  const run = await said(root, "echo.tsx", "--input", '{"msg":"hi"}', "--run-id", "one", ...off, "--log", "false");
  expect(run).toMatchObject({ code: 0, out: expect.stringContaining('"value": "hi"') });
  expect(run.err).not.toContain("started");
  const again = [
    "up",
    "echo.tsx",
    "--run-id",
    "one",
    "--resume",
    "true",
    "--force",
    "true",
    "--supervise-interval",
    "10s",
  ];
  expect((await said(root, ...again)).err).toContain('The run "one" has finished');
  expect((await said(root, "up", "echo.tsx", "--resume", "false", "--run-id", "two", "--no-log")).code).toBe(0);
  expect((await said(root, "ps", "--watch", "false", "--all")).out).toContain("two");
  expect((await said(root, "ps", "-a")).code).toBe(0);
});

test("--format prints JSON, a value a line, or YAML", async () => {
  const root = folder({ "echo.tsx": echo });
  const up = await said(root, "up", "echo.tsx", "--input", '{"msg":"hi"}', "--run-id", "one", "--format", "json");
  expect(JSON.parse(up.out)).toMatchObject({ runId: "one", output: { value: "hi" } });
  await said(root, "up", "echo.tsx", "--run-id", "two");
  const lines = (await said(root, "ps", "--format", "jsonl")).out.trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).runId)).toEqual(["two", "one"]);
  expect((await said(root, "inspect", "one", "--format", "yaml")).out).toContain("runId: one\n");
  expect((await said(root, "ps", "--format", "xml")).code).toBe(4);
});

test("events are chosen by kind, age and number, and logs by their last lines", async () => {
  const root = folder({ "echo.tsx": echo });
  await said(root, "up", "echo.tsx", "--input", '{"msg":"hi"}', "--run-id", "one");
  const types = async (...args: string[]) =>
    (await said(root, "events", "one", ...args)).out
      .split("\n")
      .flatMap((line) => (line ? [JSON.parse(line).type] : []));
  expect(await types("--type", "node,run", "--limit", "3")).toEqual(["RunStarted", "NodePending", "NodeStarted"]);
  expect(await types("--type", "run", "--since", "5m")).toContain("RunFinished");
  expect(await types("--since", "0ms")).toEqual([]);
  expect(await types("--since", "2026-01-01T00:00:00Z", "--limit", "1")).toHaveLength(1);
  expect((await said(root, "events", "one", "--type", "nodes")).err).toContain('Did you mean "node"');
  const all = (await said(root, "logs", "one")).out.trim().split("\n");
  expect((await said(root, "logs", "one", "--tail", "2", "--follow", "false")).out.trim().split("\n")).toEqual(
    all.slice(-2),
  );
  expect((await said(root, "logs", "one", "--tail", "2", "--follow", "true")).out.trim().split("\n")).toEqual(
    all.slice(-2),
  );
});

test("approve, deny, node and signal take the node, the run and the correlation as options", async () => {
  const root = folder({ "gate.tsx": gate });
  expect((await said(root, "up", "gate.tsx", "--run-id", "one")).code).toBe(3);
  expect((await said(root, "node", "ship", "--run-id", "one")).out).toContain("waiting");
  expect(await said(root, "approve", "one", "--node", "ship", "--by", "ann")).toMatchObject({ code: 0 });
  expect((await said(root, "deny", "one", "--node", "ship", "--note", "late")).err).toContain("ship");
  expect((await said(root, "up", "--resume", "one")).code).toBe(3);
  const signal = ["signal", "one", "paid", "--data", '{"ok":true}', "--correlation", "order-1"];
  expect((await said(root, ...signal)).code).toBe(0);
  expect((await said(root, "up", "--resume", "one")).code).toBe(0);
});

test("a run is shown again when it changes, and a plan for a run's input", async () => {
  const head = `const list = (ctx) => ctx.input.names ?? [];`;
  const tree = `{list(ctx).map((name) => <Task key={name} id={name} output={outputs.result}>{{ value: name }}</Task>)}`;
  const root = folder({ "list.tsx": workflowFile(tree, { head }) });
  await said(root, "up", "list.tsx", "--input", '{"names":["ann","bob"]}', "--run-id", "one");
  expect((await said(root, "graph", "list.tsx", "--run-id", "one")).out).toContain("bob");
  expect((await said(root, "graph", "list.tsx", "--run-id", "one", "--input", '{"names":["cy"]}')).out).not.toContain(
    "bob",
  );
  expect((await said(root, "inspect", "one", "--watch", "false")).code).toBe(0);
  const watching = startSmithers(["inspect", "one", "--watch"], { cwd: root });
  await watching.says(/succeeded/);
});

test("an unknown command exits with 4 also with --help, and one of the published package says what to use", async () => {
  expect(await said(folder(), "frobnicate", "--help")).toMatchObject({
    code: 4,
    out: "",
    err: expect.stringContaining("frobnicate"),
  });
  for (const command of ["hijack", "timetravel", "observability"]) {
    const { code, err } = await said(folder(), command, "--help");
    expect({ code, err }).toEqual({
      code: 4,
      err: expect.stringMatching(new RegExp(`"${command}".*\\n.*smithers|docs/`)),
    });
  }
  expect((await said(folder(), "help", "hijack")).code).toBe(4);
});

test("options have the published package's short names, may precede the command, and say what to use instead", async () => {
  const root = folder({ "echo.tsx": echo, "gate.tsx": gate });
  await said(root, "up", "echo.tsx", "-r", "one", "-i", '{"msg":"hi"}', "--supervise-dry-run");
  expect((await said(root, "up", "gate.tsx", "-r", "two")).code).toBe(3);
  const printed = async (...words: string[]) => (await said(root, ...words)).out.trim();
  expect(JSON.parse(await printed("--format", "json", "ps", "-l", "1", "--interval", "1"))).toHaveLength(1);
  expect(await printed("-v")).toBe(await printed("--version"));
  expect(await printed("events", "one", "-n", "say", "-l", "1", "-j")).toContain(`"nodeId":"say"`);
  expect((await printed("events", "one", "-n", "1")).split("\n")).toHaveLength(1);
  expect(await printed("events", "one", "-s", "5m", "--watch")).toContain("RunFinished");
  expect(await printed("node", "say", "-r", "one", "--attempts", "--watch", "false")).toContain("finished");
  expect(await printed("inspect", "one", "-w", "false")).toContain("succeeded");
  const last = JSON.parse((await printed("events", "one")).split("\n").at(-1)!);
  expect(await printed("logs", "one", "--since", String(last.seq - 1))).toMatch(/^\S+ run finished$/);
  expect(await printed("logs", "one", "--since", "0s")).toBe("");
  expect((await said(root, "approve", "two", "-n", "ship")).code).toBe(0);
  const refused = { up: "--log-dir=logs", events: "--group-by", node: "--tools", ps: "--token-limit", init: "--force" };
  for (const [command, option] of Object.entries(refused)) {
    const { code, err } = await said(root, command, option, "one");
    expect({ code, err }).toEqual({ code: 4, err: expect.stringContaining(`${option.replace("=logs", "")} does not`) });
  }
});

test("cancel --all, and down, cancel every run that has not ended", async () => {
  const root = folder({ "echo.tsx": echo, "gate.tsx": gate });
  await said(root, "up", "echo.tsx", "--run-id", "done");
  for (const id of ["one", "two"]) await said(root, "up", "gate.tsx", "--run-id", id);
  expect((await said(root, "cancel", "one", "--all")).code).toBe(4);
  const all = await said(root, "cancel", "--all", "--json");
  expect(JSON.parse(all.out)).toEqual(["two", "one"].map((runId) => ({ runId, takenIn: true })));
  const after = JSON.parse((await said(root, "ps", "--json")).out) as { runId: string; status: string }[];
  expect(after.map(({ runId, status }) => `${runId} ${status}`)).toEqual([
    "two cancelled",
    "one cancelled",
    "done finished",
  ]);
  expect(await said(root, "down", "--force")).toEqual({ code: 0, out: "", err: "All runs have ended.\n" });
});
