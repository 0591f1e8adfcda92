import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mechanisms, programsOf } from "../support/mechanisms.ts";
import { projectDir } from "../support/packed.ts";
import { needs } from "../support/programs.ts";
import { attackPage } from "./attack-page.ts";
import { allAttacks, tryAttacks } from "./attack-results.ts";
import type { Result } from "./attacks.ts";

/** What the attacks are made with. */
const means = ["python3", "node", "curl", "ip"];

const isRoot = process.getuid?.() === 0;
const results: Record<string, Result[]> = {};

/** What each attack has done, by its name. */
const named = (list: readonly Result[]) => allAttacks.map(({ what }, index) => [what, list[index]]);

needs(...means)("without a sandbox the attacks succeed, so that their failure says something", async () => {
  const tried = await tryAttacks("none");
  const able = allAttacks.filter(({ control }) => control === true || (control === "root" && isRoot));
  const failed = able.filter((attack) => tried[allAttacks.indexOf(attack)] !== "succeeded").map(({ what }) => what);
  expect(failed).toEqual([]);
});

for (const mechanism of mechanisms) {
  needs(...means, ...programsOf[mechanism])(`every attack of a command is refused by ${mechanism}`, async () => {
    results[mechanism] = await tryAttacks(mechanism);
    expect(named(results[mechanism]).filter(([, result]) => result !== "refused")).toEqual([]);
  });
}

needs(...means, ...Object.values(programsOf).flat())("docs/tools.md shows every attack with its result", () => {
  const page = readFileSync(join(projectDir, "docs/tools.md"), "utf8");
  expect(attackPage(page, { bubblewrap: results.bubblewrap!, unshare: results.unshare! })).toBe(page);
});
