import { expect } from "bun:test";
import { copyFileSync, existsSync, linkSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { forAllTests } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { mechanisms, testEachMechanism } from "../support/mechanisms.ts";
import { serve } from "../support/server.ts";

/** Runs a command in the sandbox that its input names. */
const command = `/** @jsxImportSource smithers-orchestrator */
import { Task, Workflow, bash, createSmithers } from "smithers-orchestrator";
import { z } from "zod";
const { smithers, outputs } = createSmithers({ said: z.object({ text: z.string() }) });
export default smithers((ctx) => (
  <Workflow name="command">
    <Task id="a" output={outputs.said} noRetry>{async () => {
      process.env.SMITHERS_SANDBOX = ctx.input.mechanism;
      return { text: await bash(ctx.input.command) };
    }}</Task>
  </Workflow>
));`;

const own = (name: string) => `/** @jsxImportSource smithers-orchestrator */
import { Task, Workflow, createSmithers } from "smithers-orchestrator";
import { z } from "zod";
const { smithers, outputs } = createSmithers({ said: z.object({ text: z.string() }) }, { dbPath: "./${name}.db" });
export default smithers((ctx) => (
  <Workflow name="own"><Task id="a" output={outputs.said}>{() => ({ text: ctx.input.secret })}</Task></Workflow>
));`;

/** One server for all tests: each has a workflow with a database of its own. */
const served = forAllTests(async () => {
  const names = mechanisms.flatMap((mechanism) => [`new-${mechanism}`, `old-${mechanism}`]);
  const root = folder({
    "command.tsx": command,
    "other.db": "needle of another program",
    ...Object.fromEntries(names.map((name) => [`${name}.tsx`, own(name)])),
  });
  return { root, server: await serve(root) };
});

const look = (names: string) => `for f in ${names}; do grep -aq needle $f 2>/dev/null && echo READ $f; done; true`;

testEachMechanism("a database that comes into being while a command of %s runs cannot be read", async (mechanism) => {
  const { root, server } = served();
  const [name, begun] = [`new-${mechanism}`, `begun-${mechanism}`];
  const looking = look(`${name}.db ${name}.db-wal`);
  const loop = `touch ${begun}; for i in $(seq 15); do ${looking}; sleep 0.1; done; echo end`;
  const reading = await server.start("command.tsx", { mechanism, command: loop });
  await eventually(() => existsSync(join(root, begun)));
  const writing = await server.start(`${name}.tsx`, { secret: "needle" });
  const [read, written] = [await server.end(reading), await server.end(writing)];
  expect(written.output).toEqual({ text: "needle" });
  expect(read.output).toEqual({ text: "end" });
  expect(statSync(join(root, `${name}.db`)).mode & 0o777).toBe(0o600);
  const later = await server.start("command.tsx", { mechanism, command: `${looking}; echo end` });
  expect((await server.end(later)).output).toEqual({ text: "end" });
});

testEachMechanism("a copy of a database is hidden from a command of %s, by what it holds", async (mechanism) => {
  const { root, server } = served();
  const [name, copies] = [`old-${mechanism}`, `copies-${mechanism}`];
  await server.end(await server.start(`${name}.tsx`, { secret: "needle" }));
  const database = join(root, `${name}.db`);
  mkdirSync(join(root, copies));
  for (const suffix of ["", "-wal"]) copyFileSync(database + suffix, join(root, copies, `old.sqlite${suffix}`));
  for (const copy of ["own.db.bak", "own.db-wal.2026", "saved.old"])
    copyFileSync(`${database}-wal`, join(root, copies, copy));
  // By any name that databases and copies have, and by other names of the same file.
  for (const copy of ["state", "own.db~", "own.s3db", "own.dat", "own.1"])
    copyFileSync(`${database}-wal`, join(root, copies, copy));
  linkSync(`${database}-wal`, join(root, copies, "linked.txt"));
  writeFileSync(join(root, copies, "notes"), "needle of a text");
  const looking = look(`other.db ${name}.db* ${copies}/*`);
  const looked = await server.start("command.tsx", { mechanism, command: looking });
  expect((await server.end(looked)).output).toEqual({ text: `READ other.db\nREAD ${copies}/notes` });
});
