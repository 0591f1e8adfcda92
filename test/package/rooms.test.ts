import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { roomRules, rooms } from "../../scripts/rooms.ts";

const projectDir = join(import.meta.dir, "../..");

test("the linter's import rules are those of the list of rooms", () => {
  expect(readFileSync(join(projectDir, "biome.rooms.json"), "utf8")).toBe(roomRules());
});

test("every folder of src is a room", () => {
  const folders = readdirSync(join(projectDir, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(folders.filter((name) => !rooms.includes(name))).toEqual([]);
});

/** The files of src outside of some rooms whose text matches. */
function filesWith(pattern: RegExp, but: RegExp): string[] {
  return readdirSync(join(projectDir, "src"), { recursive: true, encoding: "utf8" }).filter(
    (file) =>
      /\.tsx?$/.test(file) && !but.test(file) && pattern.test(readFileSync(join(projectDir, "src", file), "utf8")),
  );
}

test("no room but timing makes a promise of a timer by hand", () => {
  const byHand = /new Promise(<[^>]*>)?\([^)]*\)?\s*=>\s*\{?[^;]*set(Timeout|Immediate)\(/;
  expect(byHand.test("await new Promise((resolve) => setTimeout(resolve, 5));")).toBe(true);
  // The client runs in browsers, and so without the timers of Node.
  expect(filesWith(byHand, /^(timing|client)\//)).toEqual([]);
});

test("no room but the store reads things that belong together one by one", () => {
  const reads = /Promise\.all\(\[[^\]]*\.(find|list|locate|overview|pending|read)\w*\(/;
  expect(reads.test("await Promise.all([state.findRun(runId), state.listNodes(runId)]);")).toBe(true);
  expect(filesWith(reads, /^store\//)).toEqual([]);
});
