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
