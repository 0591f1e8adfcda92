/** @jsxImportSource smithers-orchestrator */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { createSmithers, runWorkflow, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { errorCodes } from "../../src/errors/index.ts";
import { openStore } from "../../src/store/index.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { database } from "../support/run.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const { smithers } = createSmithers({ result: z.number() });
const workflow = smithers(() => (
  <Workflow name="test">
    <Task id="a" output="result">
      {1}
    </Task>
  </Workflow>
));

const text = "this is no database, but it is long enough to be looked at ".repeat(20);

/** A database that a later release has migrated. */
async function newer(): Promise<string> {
  const file = database();
  await (await openStore(file)).close();
  becomeNewer(file);
  return file;
}

function becomeNewer(file: string): void {
  const db = new Database(file);
  db.run("INSERT INTO _smithers_migrations VALUES (9000, 1)");
  db.close();
}

/** A connection that may only read. */
async function readOnly() {
  const file = database();
  await (await openStore(file)).close();
  return drizzle(new Database(file, { readonly: true }));
}

const bad: [string, keyof typeof errorCodes, () => unknown][] = [
  ["a file that is no database", "DB_NOT_A_DATABASE", () => join(folder({ "x.db": text }), "x.db")],
  ["a folder", "DB_UNAVAILABLE", () => folder()],
  ["a file below a file", "DB_UNAVAILABLE", () => join(folder({ file: "" }), "file/x.db")],
  ["a database of a later release", "DB_TOO_NEW", newer],
  ["a connection that may only read", "DB_READ_ONLY", readOnly],
];

test.each(bad)("runWorkflow refuses %s with %s and with what to do", async (_, code, source) => {
  const db = (await source()) as string;
  const refusal = await runWorkflow(workflow, { db }).catch((error) => error);
  expect(refusal).toMatchObject({ name: "SmithersError", code });
  expect(refusal.message).toContain(errorCodes[code].advice);
});

test("runWorkflow gives up on a database that another process keeps locked, with DB_BUSY", async () => {
  const db = database();
  const code = `const { Database } = await import("bun:sqlite"); const d = new Database(${JSON.stringify(db)}); d.run("BEGIN EXCLUSIVE"); console.log("locked"); setInterval(() => d, 1000);`;
  const child = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  afterThisTest(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const refusal = await runWorkflow(workflow, { db }).catch((error) => error);
  expect(refusal).toMatchObject({ name: "SmithersError", code: "DB_BUSY" });
  expect(refusal.message).toContain(errorCodes.DB_BUSY.advice);
});

test("a workflow whose own database is unusable starts no run, and the server continues", async () => {
  const own = (dbPath: string) =>
    workflowFile(`<Task id="a" output={outputs.result}>{{ value: 1 }}</Task>`, {
      create: `, { dbPath: ${JSON.stringify(dbPath)} }`,
    });
  const root = folder({
    "echo.tsx": echo,
    "text.tsx": own("text.db"),
    "text.db": text,
    "newer.tsx": own("newer.db"),
    "folder.tsx": own("data"),
    "data/file": "",
  });
  const first = await serve(root);
  await first.complete("newer.tsx");
  await first.close();
  becomeNewer(join(root, "newer.db"));
  const server = await serve(root);
  const expected: [string, keyof typeof errorCodes][] = [
    ["text.tsx", "DB_NOT_A_DATABASE"],
    ["newer.tsx", "DB_TOO_NEW"],
    ["folder.tsx", "DB_UNAVAILABLE"],
  ];
  for (const [workflowPath, code] of expected) {
    const { status, body } = await server.post("/v1/runs", { workflowPath });
    expect([workflowPath, status, body.error?.code]).toEqual([workflowPath, 503, code]);
    expect(body.error.message).toContain(errorCodes[code].advice);
    expect(body.error.message).not.toContain(root);
  }
  expect((await server.allRuns()).length).toBe(1);
  expect(await server.complete("echo.tsx", { msg: "hi" })).toMatchObject({ output: { value: "hi" } });
});
