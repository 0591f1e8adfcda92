import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "../support/packed.ts";
import { needPrograms } from "../support/programs.ts";
import { attackPage } from "./attack-page.ts";
import { allAttacks, tryAttacks } from "./attack-results.ts";
import type { Result } from "./attacks.ts";

needPrograms("bwrap", "unshare", "setpriv", "prlimit", "python3", "node", "curl", "ip");

const isRoot = process.getuid?.() === 0;
const results: Record<string, Result[]> = {};

/** What each attack has done, by its name. */
const named = (list: readonly Result[]) => allAttacks.map(({ what }, index) => [what, list[index]]);

test("without a sandbox the attacks succeed, so that their failure says something", async () => {
  const tried = await tryAttacks("none");
  const able = allAttacks.filter(({ control }) => control === true || (control === "root" && isRoot));
  const failed = able.filter((attack) => tried[allAttacks.indexOf(attack)] !== "succeeded").map(({ what }) => what);
  expect(failed).toEqual([]);
});

test.each(["bubblewrap", "unshare"] as const)("every attack of a command is refused by %s", async (mechanism) => {
  results[mechanism] = await tryAttacks(mechanism);
  expect(named(results[mechanism]).filter(([, result]) => result !== "refused")).toEqual([]);
});

test("docs/tools.md shows every attack with its result", () => {
  const page = readFileSync(join(projectDir, "docs/tools.md"), "utf8");
  expect(attackPage(page, { bubblewrap: results.bubblewrap!, unshare: results.unshare! })).toBe(page);
});
