import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { inStore } from "../support/run.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const steps = workflowFile(
  `{Array.from({ length: 60 }, (_, n) => (
    <Task key={n} id={"step" + n} output={outputs.result}>{async () => ({ value: n })}</Task>
  ))}`,
);

/** Copies the database of a server that is at work. */
const ways: [string, (from: string, to: string) => unknown][] = [
  ["by the store", (from, to) => inStore(from, (store) => store.maintenance.backup(to))],
  [
    "as the documentation says",
    (from, to) =>
      spawnSync(process.execPath, [
        "-e",
        'const [from, to] = process.argv.slice(1); new (require("bun:sqlite").Database)(from).run("VACUUM INTO ?", [to])',
        from,
        to,
      ]),
  ],
];

test.each(ways)("a copy that is taken %s while runs write opens clean, and its runs go on", async (_, copy) => {
  const root = folder({ "steps.tsx": steps });
  const server = await serve(root);
  const runIds = await Promise.all(Array.from({ length: 5 }, () => server.start("steps.tsx")));
  await server.until(runIds[0]!, ({ type }) => type === "NodeFinished");
  const copied = folder({ "steps.tsx": steps });
  await copy(join(root, "smithers.db"), join(copied, "smithers.db"));
  await Promise.all(runIds.map((runId) => server.end(runId)));
  await server.close();

  expect(readdirSync(copied).filter((name) => name.includes("smithers.db"))).toEqual(["smithers.db"]);
  const database = new Database(join(copied, "smithers.db"), { readonly: true });
  expect(database.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  expect(database.query("PRAGMA foreign_key_check").all()).toEqual([]);
  database.close();
  const second = await serve(copied, { staleAfterMs: 20 });
  for (const runId of runIds) {
    expect(await second.end(runId)).toMatchObject({ status: "finished", summary: { finished: 60 } });
  }
});

test("a copy replaces no file, and leaves nothing behind when it cannot be written", async () => {
  const root = folder({ "there.db": "mine" });
  await inStore(join(root, "smithers.db"), async ({ maintenance }) => {
    await expect(maintenance.backup(join(root, "there.db"))).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
    await expect(maintenance.backup(join(root, "there.db/copy.db"))).rejects.toBeDefined();
  });
  expect(readdirSync(root).filter((name) => name.includes("copy") || name.includes("part"))).toEqual([]);
});
