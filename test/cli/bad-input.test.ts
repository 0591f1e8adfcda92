import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startSmithers } from "../support/cli.ts";
import { cliWorkflows } from "../support/cli-workflows.ts";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const { smithers } = hostedCommands();

test("a missing database named by --db is not created", async () => {
  const root = folder();
  const { code, err } = await smithers(root, "ps", "--db", "other.db");
  expect({ code, err }).toEqual({
    code: 4,
    err: "smithers: There is no file other.db.\nName the database with --db, or a running server with --url.\n",
  });
  expect(existsSync(join(root, "other.db"))).toBe(false);
});

test("the database of another program is refused and not changed", async () => {
  const root = folder();
  const file = join(root, "shop.db");
  const shop = new Database(file, { create: true });
  shop.run("CREATE TABLE orders (id INTEGER)");
  shop.close();
  const { code, err } = await smithers(root, "ps", "--db", "shop.db");
  expect(code).toBe(4);
  expect(err).toContain("is the database of another program");
  const tables = new Database(file, { readonly: true }).query("SELECT name FROM sqlite_master").all();
  expect(tables).toEqual([{ name: "orders" }]);
});

test("a file that is not a database, and a database of a later release, are refused with advice", async () => {
  const root = folder({ "notes.db": "these are notes, and no database at all ".repeat(30) });
  const server = await serve(root);
  await server.close();
  const db = new Database(join(root, "smithers.db"));
  db.run("INSERT INTO _smithers_migrations VALUES (9000, 1)");
  db.close();
  const notes = await smithers(root, "ps", "--db", "notes.db");
  expect(notes).toMatchObject({ code: 1, err: expect.stringContaining("Name a SQLite file") });
  const later = await smithers(root, "ps");
  expect(later).toMatchObject({ code: 1, err: expect.stringContaining("Upgrade smithers-orchestrator") });
});

test("an unknown run, node, iteration, frame or event type exits with 4 and a suggestion", async () => {
  const root = folder(cliWorkflows);
  const server = await serve(root);
  await server.complete("./done.tsx", {}, { runId: "done-1" });
  const wrong: [line: string, err: RegExp][] = [
    ["inspect dnoe-1", /There is no run "dnoe-1"\. Did you mean "done-1"\?\nList the runs with smithers ps\./],
    ["inspect nothing-alike", /There is no run "nothing-alike"\.\n/],
    ["node done-1 biuld", /has no node "biuld"\. Did you mean "build"\?\nList the nodes with smithers inspect <run>\./],
    ["node done-1 build --iteration 3", /"build" has no iteration 3; its last is 0\./],
    ["frames done-1 --frame 9", /has no frame 9\./],
    ["events done-1 --type NodeFinish", /Unknown event type "NodeFinish"\. Did you mean "NodeFinished"\?/],
    ["approve done-1", /The run "done-1" is not waiting for a decision\./],
    ["ps --status waiting", /Allowed choices are running, waiting-approval/],
    ["ps --db x.db --url http://localhost:1", /cannot be used with/],
    ["ps --url localhost:7331", /"localhost:7331" is not a server address/],
    ["ps --url http://127.0.0.1:9/ --token", /argument missing/],
    ["graph nothing.tsx", /There is no workflow file "nothing\.tsx"\./],
    ["gc --older-than soon", /It must be a number followed by ms, s, m, h, d or w, such as 30d\./],
  ];
  const answers = await Promise.all(wrong.map(([line]) => smithers(root, ...line.split(" "))));
  for (const [index, { code, out, err }] of answers.entries()) {
    const [line, pattern] = wrong[index]!;
    expect([line, out]).toEqual([line, ""]);
    expect(err).toMatch(pattern);
    expect([line, code]).toEqual([line, line.startsWith("approve") ? 1 : 4]);
  }
});

test("a workflow without a default export, or that does not compile, is reported with its position", async () => {
  const root = folder({ "empty.tsx": "export const x = 1;\n", "broken.tsx": "const x = 1;\nexport default (;\n" });
  expect(await smithers(root, "graph", "empty.tsx")).toMatchObject({
    code: 4,
    err: expect.stringContaining("Export the result of smithers(…) as the default export"),
  });
  expect((await smithers(root, "graph", "broken.tsx")).err).toContain("broken.tsx:2");
});

test("graph shows the plan of a workflow without running it, also with an input file from Windows", async () => {
  const root = folder(cliWorkflows);
  writeFileSync(join(root, "input.json"), '{\r\n  "version": 3\r\n}\r\n');
  expect(await smithers(root, "graph", "choices.tsx", "--input", "@input.json")).toEqual({
    code: 0,
    signal: null,
    out: 'test\n└─ parallel\n   ├─ size approval "Which size?"\n   └─ order approval "What goes in?"\n',
    err: "",
  });
  expect(existsSync(join(root, "smithers.db"))).toBe(false);
});

test("graph names groups by their labels and every component, and shows no element of a prompt", async () => {
  const tree = `<Sequence label="Ticket">
      <Task id="ask" output={outputs.result} agent={{ generate: async () => ({ text: "1" }) }}><h1>Who?</h1><p>Say it.</p></Task>
      <Parallel label="Checks" maxConcurrency={2}>
        <HumanTask id="grade" prompt="Grade it." output={outputs.result} />
        <Saga id="trip" steps={[{ id: "fly", label: "Fly there", action: task("fly"), compensation: task("back") }]} />
      </Parallel>
      <TryCatchFinally try={task("risky")} catch={task("caught")} finally={task("last")} />
      <ContinueAsNew />
    </Sequence>`;
  const head = `import { ContinueAsNew, HumanTask, Saga, TryCatchFinally } from "smithers-orchestrator";
    const task = (id) => <Task id={id} output={outputs.result}>{{ value: id }}</Task>;`;
  const root = folder({ "all.tsx": workflowFile(tree, { head }) });
  expect((await smithers(root, "graph", "all.tsx")).out).toBe(`test
└─ sequence "Ticket"
   ├─ ask agent
   ├─ parallel "Checks", at most 2 at once
   │  ├─ grade asks a person for an answer
   │  └─ saga
   │     ├─ try
   │     │  └─ step Fly there
   │     │     └─ fly static
   │     ├─ catch
   │     └─ finally
   ├─ try-catch-finally
   │  ├─ try
   │  │  └─ risky static
   │  ├─ catch
   │  └─ finally
   │     └─ last static
   └─ continue as new
`);
});

test("texts of a run cannot send control sequences to the terminal", async () => {
  const root = folder(cliWorkflows);
  const server = await serve(root);
  await server.complete("./done.tsx", { version: "\u001b[31mred\u0007 alert" }, { runId: "done" });
  const { out } = await smithers(root, "inspect", "done");
  expect(out).toContain("alert");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not come
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
});

test("a reader that closes the pipe in the middle of long output ends the command quietly", async () => {
  const root = folder(cliWorkflows);
  const server = await serve(root);
  await server.complete("./done.tsx", {}, { runId: "done" });
  const command = startSmithers(["events", "done"], { cwd: root });
  command.child.stdout!.destroy();
  const { code, err } = await command.ended;
  expect({ code, err }).toEqual({ code: 0, err: "" });
});
