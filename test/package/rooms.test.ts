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

test("no room but timing makes a promise of a timer by hand", () => {
  const byHand = /new Promise(<[^>]*>)?\([^)]*\)?\s*=>\s*\{?[^;]*set(Timeout|Immediate)\(/;
  expect(byHand.test("await new Promise((resolve) => setTimeout(resolve, 5));")).toBe(true);
  // The client runs in browsers, and so without the timers of Node.
  const files = readdirSync(join(projectDir, "src"), { recursive: true, encoding: "utf8" }).filter(
    (file) => /\.tsx?$/.test(file) && !/^(timing|client)\//.test(file),
  );
  expect(files.filter((file) => byHand.test(readFileSync(join(projectDir, "src", file), "utf8")))).toEqual([]);
});
