import { expect } from "bun:test";
import { copyFileSync, existsSync, linkSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { onlySandbox, testEachMechanism } from "../support/mechanisms.ts";
import { serve } from "../support/server.ts";

const command = `/** @jsxImportSource smithers-orchestrator */
import { Task, Workflow, bash, createSmithers } from "smithers-orchestrator";
import { z } from "zod";
const { smithers, outputs } = createSmithers({ said: z.object({ text: z.string() }) });
export default smithers((ctx) => (
  <Workflow name="command">
    <Task id="a" output={outputs.said} noRetry>{async () => ({ text: await bash(ctx.input.command) })}</Task>
  </Workflow>
));`;

const own = `/** @jsxImportSource smithers-orchestrator */
import { Task, Workflow, createSmithers } from "smithers-orchestrator";
import { z } from "zod";
const { smithers, outputs } = createSmithers({ said: z.object({ text: z.string() }) }, { dbPath: "./own.db" });
export default smithers((ctx) => (
  <Workflow name="own"><Task id="a" output={outputs.said}>{() => ({ text: ctx.input.secret })}</Task></Workflow>
));`;

const look = (names: string) => `for f in ${names}; do grep -aq needle $f 2>/dev/null && echo READ $f; done; true`;

testEachMechanism("a database that comes into being while a command of %s runs cannot be read", async (mechanism) => {
  onlySandbox(mechanism);
  const root = folder({ "command.tsx": command, "own.tsx": own });
  const server = await serve(root);
  const loop = `touch begun; for i in $(seq 15); do ${look("own.db own.db-wal")}; sleep 0.1; done; echo end`;
  const reading = await server.start("command.tsx", { command: loop });
  await eventually(() => existsSync(join(root, "begun")));
  const writing = await server.start("own.tsx", { secret: "needle" });
  const [read, written] = [await server.end(reading), await server.end(writing)];
  expect(written.output).toEqual({ text: "needle" });
  expect(read.output).toEqual({ text: "end" });
  expect(statSync(join(root, "own.db")).mode & 0o777).toBe(0o600);
  const later = await server.start("command.tsx", { command: `${look("own.db own.db-wal")}; echo end` });
  expect((await server.end(later)).output).toEqual({ text: "end" });
});

testEachMechanism("a copy of a database is hidden from a command of %s, by what it holds", async (mechanism) => {
  onlySandbox(mechanism);
  const root = folder({ "command.tsx": command, "own.tsx": own, "other.db": "needle of another program" });
  const server = await serve(root);
  await server.end(await server.start("own.tsx", { secret: "needle" }));
  mkdirSync(join(root, "backups"));
  for (const suffix of ["", "-wal"])
    copyFileSync(join(root, `own.db${suffix}`), join(root, `backups/old.sqlite${suffix}`));
  for (const name of ["own.db.bak", "own.db-wal.2026", "saved.old"])
    copyFileSync(join(root, "own.db-wal"), join(root, `backups/${name}`));
  // By any name that databases and copies have, and by other names of the same file.
  for (const name of ["state", "own.db~", "own.s3db", "own.dat", "own.1"])
    copyFileSync(join(root, "own.db-wal"), join(root, `backups/${name}`));
  linkSync(join(root, "own.db-wal"), join(root, "backups/linked.txt"));
  writeFileSync(join(root, "backups/notes"), "needle of a text");
  const looked = await server.start("command.tsx", { command: look("other.db own.db* backups/*") });
  expect((await server.end(looked)).output).toEqual({ text: "READ other.db\nREAD backups/notes" });
});
