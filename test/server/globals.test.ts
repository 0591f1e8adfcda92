import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

test("the package changes no global, and Bun.serve still works in the same process", () => {
  const program = join(import.meta.dirname, "globals-program.ts");
  const { stdout, stderr, status } = spawnSync(process.execPath, [program], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  const { served, statuses, ...looks } = JSON.parse(stdout);
  expect(served).toMatchObject({ status: "finished" });
  expect(statuses).toEqual([200, 200, 200, 200, 200]);
  // Zod keeps its registry there, in every program that uses it.
  const added = ["globalThis.__zod_globalConfig", "globalThis.__zod_globalRegistry"];
  const asBefore = { answer: "own true hello", written: "abc", request: "text", streamed: "streamed" };
  expect(looks).toEqual({
    "at first": { changed: [], ...asBefore },
    "after import": { changed: added, ...asBefore },
    "after runWorkflow": { changed: added, ...asBefore },
    "after startServer": { changed: added, ...asBefore },
    "after createServeApp": { changed: added, ...asBefore },
    "after close": { changed: added, ...asBefore },
  });
});
