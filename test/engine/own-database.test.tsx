import { expect, test } from "bun:test";
import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createSmithers, runWorkflow } from "smithers-orchestrator";
import { z } from "zod";
import { folder } from "../support/folder.ts";
import { inStore } from "../support/run.ts";

const { smithers, outputs, Workflow, Task } = createSmithers(
  { result: z.object({ value: z.number() }) },
  { dbPath: "own.db" },
);
const workflow = smithers(() => (
  <Workflow name="own">
    <Task id="a" output={outputs.result}>
      {{ value: 1 }}
    </Task>
  </Workflow>
));

test("runWorkflow records the database that it creates, and uses no copy in its place", async () => {
  const root = folder();
  const ran = () => runWorkflow(workflow, { rootDir: root });
  expect(await ran()).toMatchObject({ status: "finished" });
  await inStore(join(root, "smithers.db"), async ({ maintenance }) => {
    expect(await maintenance.knownDatabases()).toMatchObject([{ path: join(root, "own.db") }]);
  });
  expect(await ran()).toMatchObject({ status: "finished" });

  renameSync(join(root, "own.db"), join(root, "kept"));
  copyFileSync(join(root, "kept"), join(root, "own.db"));
  expect(await ran().catch((error) => error)).toMatchObject({
    code: "DB_NOT_TRUSTED",
    advice: "If it is yours, say so: smithers trust own.db",
  });
  expect(await runWorkflow(workflow, { rootDir: root, db: join(root, "own.db") })).toMatchObject({
    status: "finished",
  });
});

test("runWorkflow uses a database that exists where no server has one", async () => {
  const root = folder();
  await runWorkflow(workflow, { rootDir: root });
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(join(root, `smithers.db${suffix}`), { force: true });
  expect(await runWorkflow(workflow, { rootDir: root })).toMatchObject({ status: "finished" });
  expect(existsSync(join(root, "smithers.db"))).toBe(false);
});
