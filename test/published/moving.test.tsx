import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/bun-sqlite";
import type { ReactNode } from "react";
import {
  Approval,
  ApprovalGate,
  approvalDecisionSchema,
  createSmithers,
  isSmithersError,
  runWorkflow,
  startServer,
  Task,
  Timer,
  Workflow,
} from "smithers-orchestrator";
import { z } from "zod";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const { smithers } = hostedCommands({ executes: true });

/** A folder with a database like that of the published package. */
function publishedFolder(): string {
  const root = folder({ "echo.tsx": echo });
  const database = new Database(join(root, "smithers.db"), { create: true });
  database.run("CREATE TABLE _smithers_runs (run_id TEXT PRIMARY KEY, workflow_name TEXT, status TEXT)");
  database.run("CREATE TABLE _smithers_nodes (run_id TEXT, node_id TEXT)");
  database.run("INSERT INTO _smithers_runs VALUES ('theirs', 'deploy', 'running')");
  database.close();
  return root;
}

const code = "DB_OF_PUBLISHED_PACKAGE";

test("every entry point explains what moved from the published package's database in a sentence with a code, and leaves it whole", async () => {
  const root = publishedFolder();
  const file = join(root, "smithers.db");
  const before = readFileSync(file);
  for (const db of [drizzle(new Database(file)), file, undefined]) {
    const server = startServer({ port: 0, rootDir: root, db });
    const error = await new Promise((resolve) => server.on("error", resolve));
    expect(error).toMatchObject({ code, message: expect.stringContaining("belongs to the published package") });
  }
  const up = await smithers(root, "up", "echo.tsx");
  expect([up.code, up.err]).toEqual([1, expect.stringContaining("belongs to the published package")]);
  expect(up.err).not.toContain("    at ");
  for (const command of ["ps", "doctor"]) expect((await smithers(root, command)).err).not.toContain("    at ");
  const workflow = createSmithers({}).smithers(() => null as never);
  const refusal = await runWorkflow(workflow, { db: file }).catch((error) => error);
  expect([isSmithersError(refusal), refusal.code]).toEqual([true, code]);
  const kept = new Database(file, { readonly: true }).query("SELECT * FROM _smithers_runs").all();
  expect(kept).toEqual([{ run_id: "theirs", workflow_name: "deploy", status: "running" }]);
  expect(readFileSync(file).byteLength).toBe(before.byteLength);
});

const importing = (head: string, tree: string) => `/** @jsxImportSource smithers-orchestrator */
import { createSmithers, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";
${head}
export default smithers(() => <Workflow name="w">${tree}</Workflow>);
`;
const create = "const { smithers, outputs } = createSmithers({ r: z.object({ n: z.number() }) });";
const given = (name: string) =>
  `const { smithers, outputs, ${name} } = createSmithers({ r: z.object({ n: z.number() }) });`;

test.each([
  [
    "an import",
    importing(`import { Kanban } from "smithers-orchestrator";\n${create}`, "<Kanban />"),
    /no export "Kanban"\. Use Loop/,
  ],
  [
    "an unknown import",
    importing(`import { Nope } from "smithers-orchestrator";\n${create}`, "<Nope />"),
    /no export "Nope"\. docs\/workflows\.md/,
  ],
  [
    "a function",
    importing(`import { timeTravel } from "smithers-orchestrator";\n${create}`, "{timeTravel()}"),
    /no export "timeTravel"\. Finished steps are never undone/,
  ],
  [
    "an entry",
    importing(`import { s } from "smithers-orchestrator/scorers";\n${create}`, "{s}"),
    /no entry "scorers"\. Score a result in a Task/,
  ],
])("%s that only the published package has is refused by its name", async (_, source, message) => {
  const server = await serve(folder({ "w.tsx": source }), { isolation: "none" });
  const { status, body } = await server.post("/v1/runs", { workflowPath: "w.tsx" });
  expect([status, body.error.code, body.error.message]).toEqual([
    400,
    "WORKFLOW_INVALID",
    expect.stringMatching(message),
  ]);
});

test.each([
  ["Sandbox", "<Sandbox />"],
  ["tables", "<Task id='t' output={outputs.r}>{() => ({ n: tables.r })}</Task>"],
])("%s of createSmithers is refused by its name when it is used", async (name, tree) => {
  const server = await serve(folder({ "w.tsx": importing(given(name), tree) }), { isolation: "none" });
  const runId = await server.start("w.tsx");
  const { error } = await server.end(runId);
  expect(error?.message).toContain(`createSmithers does not give "${name}". Use`);
});

const here = createSmithers({ r: z.object({ n: z.number() }), d: approvalDecisionSchema }, { dbPath: ":memory:" });
/** Props that the compiler would refuse. */
const unchecked = (props: object) => props as any;
const question = { id: "a", output: here.outputs.d, request: { title: "Go?" } };

test.each<[string, (ctx: { runId: string; output: unknown }) => ReactNode, string]>([
  [
    "a Task with scorers",
    () => <Task id="t" output={here.outputs.r} {...unchecked({ scorers: {}, children: { n: 1 } })} />,
    "scorers is a prop of the published package. Score a result",
  ],
  [
    "a Timer with every",
    () => <Timer id="t" {...unchecked({ every: "1h" })} />,
    "Put a Timer with duration into a Loop",
  ],
  ["an Approval with cache", () => <Approval {...question} {...unchecked({ cache: {} })} />, "cache is a prop of the"],
  [
    "a text without an agent",
    ({ runId }) => <Task id="t" output={here.outputs.r} {...unchecked({ children: ["Count to ", runId] })} />,
    "text form a prompt, which needs an agent",
  ],
  ["an output of no node", (ctx) => <>{(ctx.output as (name: string) => never)("r")}</>, "ctx.output needs the node"],
])("%s is refused with what to write instead", async (_, tree, message) => {
  const { status, error } = await runWorkflow(
    here.smithers((ctx) => <Workflow name="w">{tree(ctx)}</Workflow>),
    {},
  );
  expect([status, error?.message]).toEqual(["failed", expect.stringContaining(message)]);
});

test("an Approval takes the props of an execution, and a text is the output of a task whose schema takes it", async () => {
  const execution = {
    retries: 2,
    retryPolicy: { backoff: "fixed", initialDelayMs: 1 },
    heartbeatTimeoutMs: 5,
  } as const;
  const own = createSmithers({ said: z.string(), d: approvalDecisionSchema }, { dbPath: ":memory:" });
  const workflow = own.smithers(() => (
    <Workflow name="w">
      <Approval id="a" output={own.outputs.d} request={{ title: "Go?" }} autoApprove={{}} {...execution} />
      <ApprovalGate id="b" output={own.outputs.d} request={{ title: "Go?" }} when={false} {...execution} />
      <Task id="t" output={own.outputs.said}>
        done
      </Task>
    </Workflow>
  ));
  expect(await runWorkflow(workflow, {})).toMatchObject({ status: "finished", output: "done" });
});

const trivial = here.smithers(() => (
  <Workflow name="w">
    <Task id="t" output={here.outputs.r}>
      {{ n: 1 }}
    </Task>
  </Workflow>
));

test.each([
  ["auth", { userId: "ada" }],
  ["cliAgentToolsDefault", "explicit-only"],
  ["config", { region: "eu" }],
  ["hot", true],
  ["logDir", "./logs"],
  ["maxOutputBytes", 500_000],
  ["toolTimeoutMs", 60_000],
  ["workflowPath", "flows/w.tsx"],
])("runWorkflow refuses the option %s, which it would ignore, and says what to use", async (name, value) => {
  const run = runWorkflow(trivial, { [name]: value });
  await expect(run).rejects.toMatchObject({ code: "INVALID_OPTIONS", details: { option: name } });
});

test("runWorkflow takes options of the published package that ask for nothing else than it does", async () => {
  const options = { logDir: null, hot: false, cliAgentToolsDefault: "all", workflowPath: "w.tsx", force: false };
  expect(await runWorkflow(trivial, unchecked(options))).toMatchObject({ status: "finished" });
  const elsewhere = { workflowPath: "flows/w.tsx", rootDir: folder({}) };
  expect(await runWorkflow(trivial, elsewhere)).toMatchObject({ status: "finished" });
});

const inMemory = workflowFile(`<Task id="say" output={outputs.result}>{{ value: 7 }}</Task>`, {
  create: ', { dbPath: ":memory:" }',
});

test.each(["process", "none"] as const)(
  "a run of a workflow in memory is kept in the server's database (isolation %s)",
  async (isolation) => {
    const root = folder({ "w.tsx": inMemory });
    const server = await serve(root, { isolation });
    const runId = await server.start("w.tsx");
    expect(await server.end(runId)).toMatchObject({ status: "finished", output: { value: 7 } });
    expect(readdirSync(root)).not.toContain(":memory:");
    expect(await server.allRuns()).toMatchObject([{ runId }]);
  },
);

test("up keeps a run of a workflow in memory in its database, runWorkflow in memory", async () => {
  const root = folder({ "w.tsx": inMemory });
  const own = createSmithers({ result: z.object({ value: z.number() }) }, { dbPath: ":memory:" });
  const workflow = own.smithers(() => (
    <Workflow name="w">
      <Task id="say" output={own.outputs.result}>
        {{ value: 7 }}
      </Task>
    </Workflow>
  ));
  expect(await runWorkflow(workflow, { rootDir: root })).toMatchObject({ status: "finished" });
  expect(readdirSync(root).filter((name) => name.includes("db") || name.includes("memory"))).toEqual([]);
  expect((await smithers(root, "up", "w.tsx")).code).toBe(0);
  expect(JSON.parse((await smithers(root, "ps", "--json")).out)).toMatchObject([{ status: "finished" }]);
});
