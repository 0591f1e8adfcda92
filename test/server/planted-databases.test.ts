import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileKey } from "../../src/files/index.ts";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { folder, write } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { recordedErrors } from "../support/log.ts";
import { onlySandbox, testEachMechanism } from "../support/mechanisms.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { inStore } from "../support/run.ts";
import { serveWithoutWorkers as serve, serve as serveWithWorkers } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const { smithers, smithersJson } = hostedCommands({ executes: true });

/** A run whose task begins again after a crash, and says so when it may. */
const forgedIn = (db: string) =>
  workflowFile(
    `<Task id="a" output={outputs.result}>{async () => {
     if (existsSync(ctx.input.root + "/go")) writeFileSync(ctx.input.root + "/ran", "");
     else { appendFileSync(ctx.input.root + "/begun", "x"); await fileAt(ctx.input.root + "/never"); }
     return { value: 1 };
   }}</Task>`,
    { create: `, { dbPath: "${db}" }` },
  );
const own = echo.replace(
  "result: z.object({ value: z.any() }) }",
  'result: z.object({ value: z.any() }) }, { dbPath: "own.db" }',
);
const commandWorkflow = workflowFile(
  `<Task id="a" output={outputs.result} noRetry>{async () => ({ value: await bash(ctx.input.command) })}</Task>`,
);
const fast = { heartbeatMs: 50, staleAfterMs: 200 };

const filesOf = (root: string, name: string) => readdirSync(root).filter((file) => file.startsWith(name));

function move(root: string, from: string, to: string, by: (from: string, to: string) => void = renameSync): void {
  for (const name of filesOf(root, from)) by(join(root, name), join(root, name.replace(from, to)));
}

/**
 * A root with `seed-NAME.db` for each of the names: a database with a run that a crash has interrupted, which was
 * `NAME.db`. The run is called `planted-NAME`.
 */
async function withSeeds(...names: string[]): Promise<string> {
  const root = folder({ "echo.tsx": echo });
  for (const name of names) write(root, { [`${name}.tsx`]: forgedIn(`${name}.db`) });
  const server = await ServerProcess.start(root, withoutWorkers);
  for (const name of names) await server.start(`${name}.tsx`, { root }, { runId: `planted-${name}` });
  const begun = () => readFileSync(join(root, "begun"), "utf8").length;
  await eventually(() => existsSync(join(root, "begun")) && begun() === names.length);
  // The copies of the runs in the server's own database.
  await eventually(async () => (await server.allRuns()).length === names.length);
  await server.kill();
  for (const name of names) move(root, `${name}.db`, `seed-${name}.db`);
  writeFileSync(join(root, "go"), "");
  return root;
}

/** What is answered to the start of a workflow whose database is not used. */
const refusal = { status: 409, body: { error: { code: "DB_NOT_TRUSTED" } } };

test("the run in a database that a command has put there starts only when the owner has trusted the database", async () => {
  const root = await withSeeds("forged");
  for (const name of filesOf(root, "smithers.db")) rmSync(join(root, name));
  const server = await serve(root, fast);
  move(root, "seed-forged.db", "forged.db", copyFileSync);
  const refused = await server.post("/v1/runs", { workflowPath: "forged.tsx", input: { root } });
  expect(refused).toMatchObject(refusal);
  expect(refused.body.error.message).toEndWith("smithers trust forged.db");
  expect(refused.body.error.message).not.toContain(root);
  expect(await server.complete("echo.tsx", { msg: "hi" })).toMatchObject({ status: "finished" });
  expect(existsSync(join(root, "ran"))).toBe(false);

  const trusted = await smithers(root, "trust", "forged.db");
  expect([trusted.code, trusted.out]).toEqual([0, expect.stringContaining("It has 1 unfinished run.")]);
  expect(await server.complete("forged.tsx", { root })).toMatchObject({ status: "finished" });
  expect(await server.end("planted-forged")).toMatchObject({ status: "finished" });
  expect(existsSync(join(root, "ran"))).toBe(true);
});

testEachMechanism(
  "a database that a command of %s has renamed or copied to the name of a missing one starts nothing",
  async (mechanism) => {
    onlySandbox(mechanism);
    const root = await withSeeds("renamed", "copied");
    // Commands do not see a copy of a database that was there before them, whatever its name.
    for (const name of filesOf(root, "seed-")) {
      writeFileSync(join(root, `${name}.gz`), Bun.gzipSync(readFileSync(join(root, name))));
      rmSync(join(root, name));
    }
    write(root, { "command.tsx": commandWorkflow });
    const plant = (name: string, by: string) =>
      `for f in seed-${name}.db*.gz; do gunzip -c $f > made && ${by} made \${f:5:-3}; done`;
    const script = `${plant("renamed", "mv")}; ${plant("copied", "cp")}; rm made`;
    const expectRefusals = async (server: Client) => {
      for (const workflowPath of ["renamed.tsx", "copied.tsx"]) {
        expect(await server.post("/v1/runs", { workflowPath, input: { root } })).toMatchObject(refusal);
      }
    };
    for (const keepsMain of [true, false]) {
      if (!keepsMain) for (const name of filesOf(root, "smithers.db")) rmSync(join(root, name));
      const server = keepsMain ? await serveWithWorkers(root, { ...fast, maxWorkers: 1 }) : await serve(root, fast);
      expect(await server.complete("command.tsx", { command: script })).toMatchObject({ status: "finished" });
      for (const name of ["renamed.db", "copied.db"]) expect(existsSync(join(root, name))).toBe(true);
      await expectRefusals(server);
      await server.close();
      const again = await serve(root, fast);
      await expectRefusals(again);
      await again.close();
      for (const name of ["renamed.db", "copied.db"]) for (const file of filesOf(root, name)) rmSync(join(root, file));
    }
    expect(existsSync(join(root, "ran"))).toBe(false);
  },
);

testEachMechanism("no command of %s can put side files next to a database that is closed", async (mechanism) => {
  onlySandbox(mechanism);
  const root = folder({ "own.tsx": own, "command.tsx": commandWorkflow });
  const first = await serve(root);
  await first.complete("own.tsx", { msg: "hi" });
  await first.close();
  expect(filesOf(root, "own.db")).toEqual(["own.db"]);
  const other = await serveWithWorkers(root, { db: join(root, "other.db"), maxWorkers: 1 });
  const script = `for f in own.db-wal own.db-journal smithers.db-wal; do echo planted > $f || rm $f || mv $f x || ln -f $f y; done; echo end`;
  await other.complete("command.tsx", { command: script });
  const planted = filesOf(root, "").filter((name) => readFileSync(join(root, name)).includes("planted\n"));
  expect(planted).toEqual([]);
});

test("what is in the place of a database that was missing starts nothing, now or after a restart", async () => {
  const root = await withSeeds("forged");
  const first = await serve(root, fast);
  // It listens before its database is open.
  await first.get("/v1/runs");
  move(root, "seed-forged.db", "forged.db", copyFileSync);
  expect(await first.post("/v1/runs", { workflowPath: "forged.tsx", input: { root } })).toMatchObject(refusal);
  await first.close();
  const second = await serve(root, fast);
  expect(await second.post("/v1/runs", { workflowPath: "forged.tsx", input: { root } })).toMatchObject(refusal);
  expect(await second.get("/v1/runs/planted-forged")).toMatchObject(refusal);
  const told = await smithers(root, "inspect", "planted-forged");
  expect([told.code, told.err]).toEqual([1, expect.stringContaining("smithers trust")]);
  expect((await smithersJson(root, "ps")).map(({ runId }: { runId: string }) => runId)).toContain("planted-forged");
  expect(existsSync(join(root, "ran"))).toBe(false);

  // The file itself: a command could have changed it while it had another name.
  for (const name of filesOf(root, "forged.db")) rmSync(join(root, name));
  move(root, "seed-forged.db", "forged.db");
  expect(await second.post("/v1/runs", { workflowPath: "forged.tsx", input: { root } })).toMatchObject(refusal);
  await second.close();
  const third = await serve(root, fast);
  expect(await third.get("/v1/runs/planted-forged")).toMatchObject(refusal);
  expect(existsSync(join(root, "ran"))).toBe(false);
  expect((await smithers(root, "trust", "forged.db")).code).toBe(0);
  await eventually(() => existsSync(join(root, "ran")));
  expect(await third.end("planted-forged")).toMatchObject({ status: "finished" });
});

test("another server's database in the place of one is not used at the next start", async () => {
  const [root, elsewhere] = [folder({ "own.tsx": own }), folder({ "own.tsx": own })];
  for (const place of [root, elsewhere]) {
    const server = await serve(place);
    await server.complete("own.tsx", { msg: "hi" }, { runId: `run-of-${place === root ? "ours" : "others"}` });
    await server.close();
  }
  for (const name of filesOf(elsewhere, "own.db")) copyFileSync(join(elsewhere, name), join(root, name));
  const server = await serve(root);
  expect(await server.post("/v1/runs", { workflowPath: "own.tsx" })).toMatchObject(refusal);
  expect(await server.get("/v1/runs/run-of-ours")).toMatchObject(refusal);
  expect((await server.get("/v1/runs/run-of-others")).status).toBe(404);
});

test("a whole folder that was copied to another machine is used as it was", async () => {
  const root = folder({ "own.tsx": own });
  const server = await serve(root);
  await server.complete("own.tsx", { msg: "hi" }, { runId: "mine" });
  await server.close();
  for (const name of ["smithers.db", "own.db"]) {
    copyFileSync(join(root, name), join(root, `${name}.copy`));
    renameSync(join(root, `${name}.copy`), join(root, name));
  }
  const again = await serve(root);
  expect(await again.end("mine")).toMatchObject({ status: "finished" });
  expect(await again.complete("own.tsx", { msg: "hi" })).toMatchObject({ status: "finished" });
});

test("a backup has an identity of its own, so a command cannot put it in the place of the original", async () => {
  const root = folder({ "own.tsx": own });
  const server = await serve(root);
  await server.complete("own.tsx", { msg: "hi" });
  await server.close();
  expect((await smithers(root, "backup", "copy.db", "--db", "own.db")).code).toBe(0);
  for (const name of filesOf(root, "own.db")) rmSync(join(root, name));
  renameSync(join(root, "copy.db"), join(root, "own.db"));
  const again = await serve(root);
  expect(await again.post("/v1/runs", { workflowPath: "own.tsx" })).toMatchObject(refusal);
  expect((await smithers(root, "trust", "own.db")).code).toBe(0);
  expect(await again.complete("own.tsx", { msg: "hi" })).toMatchObject({ status: "finished" });
});

test("an empty file in the place of a new database is replaced, so no one holds the file that is used", async () => {
  const root = folder({ "own.tsx": own, "own.db": "" });
  const planted = statSync(join(root, "own.db")).ino;
  writeFileSync(join(root, "keeps-the-number"), "");
  const server = await serve(root);
  const key = fileKey(join(root, "own.db"));
  expect(await server.complete("own.tsx", { msg: "hi" })).toMatchObject({ status: "finished" });
  expect(fileKey(join(root, "own.db"))).not.toBe(key!);
  expect(planted).toBeGreaterThan(0);
});

test("databases that an earlier release has recorded are used", async () => {
  const root = folder({ "own.tsx": own });
  const server = await serve(root);
  await server.complete("own.tsx", { msg: "hi" });
  await server.close();
  const main = new Database(join(root, "smithers.db"));
  main.run("UPDATE _smithers_databases SET database_id = NULL, file_key = NULL");
  main.close();
  const again = await serve(root);
  expect(await again.complete("own.tsx", { msg: "hi" })).toMatchObject({ status: "finished" });
  await inStore(join(root, "smithers.db"), async ({ maintenance }) => {
    expect(await maintenance.knownDatabases()).toMatchObject([
      { databaseId: expect.stringMatching(/^[0-9a-f-]{32,36}$/) },
    ]);
  });
});

test("a database whose creation a crash has interrupted is completed", async () => {
  const root = folder({ "own.tsx": own, "own.db": "" });
  const path = join(root, "own.db");
  await inStore(join(root, "smithers.db"), ({ maintenance }) =>
    maintenance.rememberDatabase(
      {
        path,
        databaseId: "an identity",
        fileKey: fileKey(path)!,
        mainFileKey: fileKey(join(root, "smithers.db"))!,
      },
      1,
    ),
  );
  const key = fileKey(path);
  const server = await serve(root);
  expect(await server.complete("own.tsx", { msg: "hi" })).toMatchObject({ status: "finished" });
  expect(fileKey(path)).toBe(key!);
});

test("two servers of one database create a workflow's own database once", async () => {
  const root = folder({ "own.tsx": own });
  const servers = [await ServerProcess.start(root, withoutWorkers), await ServerProcess.start(root, withoutWorkers)];
  const runs = await Promise.all(servers.map((server) => server.complete("own.tsx", { msg: "hi" })));
  expect(runs.map(({ status }) => status)).toEqual(["finished", "finished"]);
  for (const server of servers) await server.stop("SIGTERM");
  expect(await serve(root).then((server) => server.complete("own.tsx", { msg: "hi" }))).toMatchObject({
    status: "finished",
  });
});

test("what up creates is used by a server and the other way around, and up uses no other database", async () => {
  const root = folder({ "own.tsx": own, "echo.tsx": echo });
  const up = (file: string) => smithers(root, "up", file, "--input", '{"msg":"hi"}');
  expect((await up("echo.tsx")).code).toBe(0);
  expect((await up("own.tsx")).code).toBe(0);
  const server = await serve(root);
  expect(await server.complete("own.tsx", { msg: "hi" })).toMatchObject({ status: "finished" });
  await server.close();

  expect((await up("own.tsx")).code).toBe(0);

  for (const name of [...filesOf(root, "own.db"), ...filesOf(root, "smithers.db")]) rmSync(join(root, name));
  expect((await up("own.tsx")).code).toBe(0);
  const other = await serve(root);
  expect(await other.complete("own.tsx", { msg: "hi" })).toMatchObject({ status: "finished" });
  await other.close();

  move(root, "own.db", "moved.db");
  move(root, "moved.db", "own.db", copyFileSync);
  const told = await up("own.tsx");
  expect([told.code, told.err]).toEqual([1, expect.stringContaining("smithers trust own.db")]);
  expect((await smithers(root, "up", "own.tsx", "--input", '{"msg":"hi"}', "--db", "own.db")).code).toBe(0);
  expect((await smithers(root, "trust", "own.db")).code).toBe(0);
  expect((await up("own.tsx")).code).toBe(0);
});

test("trust refuses what is not there, what is no database, and the server's own", async () => {
  const root = folder({ "echo.tsx": echo });
  expect((await smithers(root, "up", "echo.tsx", "--input", '{"msg":"hi"}')).code).toBe(0);
  write(root, { "text.db": "no database at all, only a text that is long enough to be looked at".repeat(20) });
  const refused = async (given: string | string[]) => {
    const { code, err } = await smithers(root, "trust", ...[given].flat());
    return [code, err];
  };
  expect(await refused("missing.db")).toEqual([4, expect.stringContaining("There is no file missing.db")]);
  expect(await refused("text.db")).toEqual([1, expect.stringContaining("SQLITE_NOTADB")]);
  expect(await refused("smithers.db")).toEqual([4, expect.stringContaining("always trusted")]);
  copyFileSync(join(root, "smithers.db"), join(root, "own.db"));
  linkSync(join(root, "own.db"), join(root, "another-name"));
  expect(await refused("own.db")).toEqual([1, expect.stringContaining("has other names")]);
  rmSync(join(root, "another-name"));
  write(root, { "own.db-journal": "planted" });
  expect(await refused("own.db")).toEqual([1, expect.stringContaining("own.db-journal would be played back")]);
  expect(await refused("--list own.db".split(" "))).toEqual([4, expect.stringContaining("takes no file")]);
  expect(await refused(["--undo", "own.db"])).toEqual([4, expect.stringContaining("does not know")]);
  expect(await refused([])).toEqual([4, expect.stringContaining("use --list")]);
});

test("trust lists what is used and can be undone, and doctor names what is not used", async () => {
  const root = folder({ "own.tsx": own });
  const server = await serve(root);
  await server.complete("own.tsx", { msg: "hi" });
  await server.close();
  const file = join(root, "own.db");
  expect(await smithersJson(root, "trust", "--list")).toEqual([{ file, state: "used", problem: null }]);
  expect((await smithersJson(root, "doctor", "--port", "0")).findings).not.toContainEqual(
    expect.objectContaining({ name: "dbPath" }),
  );
  expect(await smithersJson(root, "trust", "--undo", "own.db")).toEqual({ file, state: "not trusted" });
  const told = await smithers(root, "trust", "--list");
  expect(told.out).toMatch(/^not trusted {2}own\.db\n.*smithers trust own\.db\n$/);
  expect((await smithersJson(root, "doctor", "--port", "0")).findings).toContainEqual(
    expect.objectContaining({
      name: "dbPath",
      state: "warn",
      advice: expect.stringContaining("smithers trust own.db"),
    }),
  );
  const again = await serve(root);
  expect(await again.post("/v1/runs", { workflowPath: "own.tsx" })).toMatchObject(refusal);
  expect(await smithersJson(root, "trust", "own.db")).toMatchObject({ state: "used", unfinishedRuns: 0 });
  expect(await again.complete("own.tsx", { msg: "hi" })).toMatchObject({ status: "finished" });
  rmSync(file);
  await eventually(async () => (await smithersJson(root, "trust", "--list"))[0].state === "missing");
});

test("the log says once that a database is not used, with the command that trusts it", async () => {
  const root = folder({ "own.tsx": own });
  const elsewhere = folder({ "own.tsx": own });
  const other = await serve(elsewhere);
  await other.complete("own.tsx", { msg: "hi" });
  await other.close();
  copyFileSync(join(elsewhere, "own.db"), join(root, "own.db"));
  const { logger, errors } = recordedErrors();
  const server = await serve(root, { logger });
  for (let n = 0; n < 3; n += 1) {
    expect(await server.post("/v1/runs", { workflowPath: "own.tsx" })).toMatchObject(refusal);
  }
  await server.close();
  expect(errors.filter((line) => Bun.inspect(line).includes("smithers trust own.db"))).toHaveLength(1);
});
